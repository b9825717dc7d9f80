// Where a body can be changed: one spot for each value, with what surrounds it. A form's fields are spots like JSON's members,
// so that the same operations do for both; a plain text is one spot.
import { temp } from '../abi/arena';
import { seek } from '../abi/text';
import * as json from '../lib/json';

export const WHOLE: u32 = 0;
export const MEMBER: u32 = 1;
export const ELEMENT: u32 = 2;
/** From here on values have no quotes: a field of a form or a query. */
export const FIELD: u32 = 3;
/** A header's value; between name, value and the next there are NULs. */
export const HEADER: u32 = 4;

@unmanaged
export class Spot {
  /** The value. */
  start: usize;
  stop: usize;
  /** With its key: what is dropped or doubled. */
  whole: usize;
  /** The separator before it, 0 for the first. */
  comma: usize;
  /** A token of json.ts; STRING for form fields and text. */
  kind: i32;
  role: u32;
}

/** More are not looked at: an edit is then drawn from the first ones. */
export const MOST: u32 = 16384;

let list: usize = 0;
let cap: u32 = 0;
export let spots: u32 = 0;

@inline
export function spot(i: u32): Spot {
  return changetype<Spot>(list + <usize>i * offsetof<Spot>());
}

/** Forgets all spots and has room for those of so many bytes, as JSON mostly is; false if there is no memory. */
export function openSpots(bytes: u32): bool {
  spots = 0;
  cap = bytes >> 3;
  if (cap < 64) cap = 64;
  if (cap > MOST) cap = MOST;
  list = temp(cap * offsetof<Spot>());
  return list != 0;
}

/** A spot that begins at `start`; its end is set by whoever finds it. Its number, or -1 if there are too many. */
export function addSpot(start: usize, whole: usize, comma: usize, kind: i32, role: u32): i32 {
  if (spots == MOST) return -1;
  if (spots == cap) {
    const bigger = temp(<usize>cap * 2 * offsetof<Spot>());
    if (bigger == 0) return -1;
    memory.copy(bigger, list, <usize>cap * offsetof<Spot>());
    list = bigger;
    cap *= 2;
  }
  const s = spot(spots);
  s.start = start;
  s.stop = start;
  s.whole = whole;
  s.comma = comma;
  s.kind = kind;
  s.role = role;
  return spots++;
}

/** One container being read. */
@unmanaged
class Frame {
  spot: i32;
  object: bool;
  /** End of the value before, 0 at the first. */
  before: usize;
}

const DEPTH: usize = 256;
const FRAME: usize = offsetof<Frame>();
const frames: usize = memory.data(3072, 8);

/** Collects a JSON document's spots; false if it is no JSON or nested deeper than 256. */
export function jsonSpots(body: usize, len: u32): bool {
  if (!openSpots(len)) return false;
  json.open(body, len);
  /** The innermost frame; below the first there is none. */
  let top = frames - FRAME;
  let key: usize = 0;
  while (true) {
    const t = json.next();
    if (t == json.KEY) {
      key = json.start;
      continue;
    }
    if (t == json.OBJECT_END || t == json.ARRAY_END) {
      const f = changetype<Frame>(top);
      if (f.spot >= 0) spot(f.spot).stop = json.stop;
      top -= FRAME;
      if (top >= frames) changetype<Frame>(top).before = json.stop;
      continue;
    }
    if (t == json.END) return spots > 0;
    if (t == json.ERROR) return false;
    let comma: usize = 0;
    let whole = json.start;
    let role = WHOLE;
    if (top >= frames) {
      const f = changetype<Frame>(top);
      role = f.object ? MEMBER : ELEMENT;
      if (f.object) whole = key;
      // Between two values there is nothing but blanks and the comma.
      if (f.before != 0) for (comma = f.before; load<u8>(comma) != 44; ) comma++;
      f.before = json.stop;
    }
    const at = addSpot(json.start, whole, comma, t, role);
    if (t == json.OBJECT || t == json.ARRAY) {
      if (top == frames + (DEPTH - 1) * FRAME) return false;
      top += FRAME;
      const f = changetype<Frame>(top);
      f.spot = at;
      f.object = t == json.OBJECT;
      f.before = 0;
    } else if (at >= 0) spot(at).stop = json.stop;
  }
}

/** Collects a form's fields (`a=1&b=2`); false if there is none. */
export function formSpots(body: usize, len: u32): bool {
  if (!openSpots(len)) return false;
  const end = body + len;
  let comma: usize = 0;
  for (let p = body; p <= end; ) {
    const q = seek(p, end, 38);
    const equals = seek(p, q, 61);
    if (equals != q) {
      const at = addSpot(equals + 1, p, comma, json.STRING, FIELD);
      if (at >= 0) spot(at).stop = q;
    }
    comma = q;
    p = q + 1;
  }
  return spots > 0;
}

export function textSpot(body: usize, len: u32): bool {
  if (len == 0 || !openSpots(len)) return false;
  const at = addSpot(body, body, 0, json.STRING, WHOLE);
  if (at < 0) return false;
  spot(at).stop = body + len;
  return true;
}
