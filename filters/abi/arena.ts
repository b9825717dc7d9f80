import { alloc, newRegion, Region, reset } from './region';

let arena: Region | null = null;
let depth: i32 = 0;

/**
 * Memory that lives until the callback returns; what the host allocates comes from here. 0 if there is none. The 8 bytes behind it
 * are the caller's too, so that it may read whole words and put an end there.
 */
export function temp(size: usize): usize {
  let a = arena;
  if (a === null) {
    a = newRegion();
    if (a === null) return 0;
    arena = a;
  }
  return size > usize.MAX_VALUE - 8 ? 0 : alloc(a, size + 8);
}

/** Every callback that may use the arena is between enter and leave; only the outermost leave empties it. */
export function enter(): void {
  depth++;
}

export function leave(): void {
  if (--depth == 0) {
    const a = arena;
    if (a !== null) reset(a);
  }
}
