// A body as a chain of 4 KiB blocks: bodies of any size share one pool, so memory does not fragment.
import { give, take } from '../abi/heap';
import { Copy } from './state';

const BLOCK: usize = 4096;
/** Each block begins with (u32 next, u32 used). */
const HEAD: usize = 8;

/** Appends bytes; false if there is no memory, then what is there stays. */
export function append(c: Copy, p: usize, n: u32): bool {
  while (n > 0) {
    let last = c.last;
    if (last == 0 || load<u32>(last, 4) == <u32>(BLOCK - HEAD)) {
      const block = take(BLOCK);
      if (block == 0) return false;
      store<u64>(block, 0);
      if (last == 0) c.first = block;
      else store<u32>(last, <u32>block);
      c.last = last = block;
    }
    const used = load<u32>(last, 4);
    const space = <u32>(BLOCK - HEAD) - used;
    const part = n < space ? n : space;
    memory.copy(last + HEAD + used, p, part);
    store<u32>(last, used + part, 4);
    p += part;
    n -= part;
    c.length += part;
  }
  return true;
}

/** Copies the whole chain to `to`, which has room for `c.length` bytes. */
export function flatten(c: Copy, to: usize): void {
  for (let b = c.first; b != 0; b = load<u32>(b)) {
    memory.copy(to, b + HEAD, load<u32>(b, 4));
    to += load<u32>(b, 4);
  }
}

export function freeChain(c: Copy): void {
  for (let b = c.first; b != 0; ) {
    const next = load<u32>(b);
    give(b, BLOCK);
    b = next;
  }
  c.first = 0;
  c.last = 0;
  c.length = 0;
}
