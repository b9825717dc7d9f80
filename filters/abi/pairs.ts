// Header blocks as the ABI lays them out: u32 count, (u32 name size, u32 value size) × count, then name NUL value NUL each.
import { same } from './text';

/** A cursor over a block; checks every length against the block's end, so a wrong block ends early instead of being read past. */
@unmanaged
export class Pairs {
  block: usize;
  end: usize;
  count: u32;
  index: u32;
  at: usize;
  name: usize;
  nameLen: u32;
  value: usize;
  valueLen: u32;
}

export function openPairs(c: Pairs, block: usize, size: u32): void {
  c.block = block;
  c.end = block + size;
  c.index = 0;
  c.count = size >= 4 ? load<u32>(block) : 0;
  if (c.count > (size - 4) / 10) c.count = size >= 4 ? (size - 4) / 10 : 0;
  c.at = block + 4 + ((<usize>c.count) << 3);
}

export function nextPair(c: Pairs): bool {
  if (c.index >= c.count) return false;
  const sizes = c.block + 4 + ((<usize>c.index) << 3);
  const n = load<u32>(sizes);
  const v = load<u32>(sizes + 4);
  const left = <u32>(c.end - c.at);
  if (n > left || v > left || n + v + 2 > left) return false;
  c.name = c.at;
  c.nameLen = n;
  c.value = c.at + n + 1;
  c.valueLen = v;
  c.at += n + v + 2;
  c.index++;
  return true;
}

/** On to the next pair of a name; false if there is none. */
export function findPair(c: Pairs, name: usize, len: u32): bool {
  while (nextPair(c)) if (same(c.name, c.nameLen, name, len)) return true;
  return false;
}
