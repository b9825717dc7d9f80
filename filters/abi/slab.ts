import { take } from './heap';

/** Records of one size with a free list. Slabs grow by a block at a time and keep what they have. */
@unmanaged
export class Slab {
  size: u32;
  free: usize;
}

const PER_BLOCK: u32 = 4096;

/** Prepares a slab in static memory. `size` is rounded up to 8. */
export function initSlab(s: Slab, size: u32): void {
  s.size = (size + 7) & ~7;
  s.free = 0;
}

/** A cleared record, or 0. */
export function takeRecord(s: Slab): usize {
  if (s.free == 0) {
    const bytes: u32 = s.size > PER_BLOCK ? s.size : PER_BLOCK;
    let p = take(bytes);
    if (p == 0) return 0;
    for (let n = bytes / s.size; n > 0; n--) {
      store<u32>(p, <u32>s.free);
      s.free = p;
      p += s.size;
    }
  }
  const record = s.free;
  s.free = load<u32>(record);
  memory.fill(record, 0, s.size);
  return record;
}

export function giveRecord(s: Slab, record: usize): void {
  store<u32>(record, <u32>s.free);
  s.free = record;
}
