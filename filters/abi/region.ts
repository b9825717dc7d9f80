import { blockSize, give, take } from './heap';

const HEAD: usize = 16;
const CHUNK: usize = 16384;

/** Memory that is freed all at once: a chain of blocks, filled from the front. Lives in memory of its own, no runtime object. */
@unmanaged
export class Region {
  /** Newest chunk; each begins with (u32 next, u32 size asked for). */
  chunk: usize;
  at: usize;
  end: usize;
}

/** A fresh region, or null if there is no memory. */
export function newRegion(): Region | null {
  const r = take(offsetof<Region>());
  if (r == 0) return null;
  memory.fill(r, 0, offsetof<Region>());
  return changetype<Region>(r);
}

/** `size` bytes aligned to 8, not cleared; 0 if there is no memory. */
export function alloc(r: Region, size: usize): usize {
  const need = (size + 7) & ~(<usize>7);
  if (need < size) return 0;
  if (r.at + need > r.end) {
    const ask = blockSize(need + HEAD > CHUNK ? need + HEAD : CHUNK);
    const c = take(ask);
    if (c == 0) return 0;
    store<u32>(c, <u32>r.chunk);
    store<u32>(c + 4, <u32>ask);
    r.chunk = c;
    r.at = c + HEAD;
    r.end = c + ask;
  }
  const p = r.at;
  r.at += need;
  return p;
}

/** Empties the region but keeps its first chunk. */
export function reset(r: Region): void {
  let c = r.chunk;
  if (c == 0) return;
  while (load<u32>(c) != 0) {
    const next = load<u32>(c);
    give(c, load<u32>(c + 4));
    c = next;
  }
  r.chunk = c;
  r.at = c + HEAD;
  r.end = c + load<u32>(c + 4);
}

/** Gives everything back, the region itself too. */
export function drop(r: Region): void {
  let c = r.chunk;
  while (c != 0) {
    const next = load<u32>(c);
    give(c, load<u32>(c + 4));
    c = next;
  }
  give(changetype<usize>(r), offsetof<Region>());
}
