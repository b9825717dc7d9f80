// A body's mutation as a list of edits: replace [start, stop) by other bytes. Edits never overlap; what would is not made.
import { temp } from '../abi/arena';
import { Out, output, put } from '../lib/out';

@unmanaged
export class Edit {
  start: usize;
  stop: usize;
  ptr: usize;
  len: u32;
}

const MOST: u32 = 130;

let list: usize = 0;
export let edits: u32 = 0;

export function openEdits(): bool {
  edits = 0;
  list = temp(MOST * offsetof<Edit>());
  return list != 0;
}

@inline
function at(i: u32): Edit {
  return changetype<Edit>(list + <usize>i * offsetof<Edit>());
}

/** Whether [start, stop) is free; an empty span is free unless it lies inside an edit. */
export function free(start: usize, stop: usize): bool {
  for (let i: u32 = 0; i < edits; i++) {
    const e = at(i);
    if (start < e.stop && e.start < stop) return false;
    // Two insertions, or an insertion at an edit's border, would make their order matter.
    if (start == stop && start >= e.start && start <= e.stop) return false;
    if (e.start == e.stop && e.start >= start && e.start <= stop) return false;
  }
  return true;
}

/** Notes an edit; false if it overlaps or there are too many. */
export function edit(start: usize, stop: usize, ptr: usize, len: u32): bool {
  if (edits >= MOST || !free(start, stop)) return false;
  // Kept sorted by start: insertion from the end.
  let i = edits++;
  for (; i > 0 && at(i - 1).start > start; i--) memory.copy(changetype<usize>(at(i)), changetype<usize>(at(i - 1)), offsetof<Edit>());
  const e = at(i);
  e.start = start;
  e.stop = stop;
  e.ptr = ptr;
  e.len = len;
  return true;
}

/** The body with all edits made, or null if memory ran out. */
export function applyEdits(body: usize, len: u32): Out | null {
  let size = len;
  for (let i: u32 = 0; i < edits; i++) size += at(i).len;
  const o = output(size);
  let from = body;
  for (let i: u32 = 0; i < edits; i++) {
    const e = at(i);
    put(o, from, <u32>(e.start - from));
    put(o, e.ptr, e.len);
    from = e.stop;
  }
  put(o, from, <u32>(body + len - from));
  return o.failed ? null : o;
}

/** Whether an edit changes [start, stop) or inserts behind it: what is inserted before it belongs to its neighbour. */
export function touched(start: usize, stop: usize): bool {
  for (let i: u32 = 0; i < edits; i++) {
    const e = at(i);
    if (e.start == e.stop ? e.start > start && e.start <= stop : e.start >= start && e.start < stop) return true;
  }
  return false;
}
