// Bytes, and constants. A string constant of the filters is bytes too (scripts/filter-constants.ts): a length byte and the ASCII
// behind it; words`of several` is one after the other with a zero behind the last, sorted`by length` the same in groups (the length, how
// many, their bytes). Only the functions below read them.
import { take } from './heap';

/** Bytes somewhere in memory that somebody else owns. */
@unmanaged
export class Text {
  ptr: usize;
  len: u32;
}

/** Where a constant's bytes are. */
@inline
export function bytesOf(s: string): usize {
  return changetype<usize>(s) + 1;
}

/** How many they are. */
@inline
export function sizeOf(s: string): u32 {
  return load<u8>(changetype<usize>(s));
}

/** A constant as a Text, made once at start and kept for good. */
export function ascii(s: string): Text {
  const t = changetype<Text>(take(offsetof<Text>()));
  t.ptr = bytesOf(s);
  t.len = sizeOf(s);
  return t;
}

/** Whether `n` bytes at two places are the same. */
export function equal(a: usize, b: usize, n: u32): bool {
  for (; n >= 8; n -= 8, a += 8, b += 8) if (load<u64>(a) != load<u64>(b)) return false;
  for (; n > 0; n--, a++, b++) if (load<u8>(a) != load<u8>(b)) return false;
  return true;
}

@inline
export function same(a: usize, aLen: u32, b: usize, bLen: u32): bool {
  return aLen == bLen && equal(a, b, aLen);
}

@inline
export function lower(c: u32): u32 {
  return c - 65 < 26 ? c + 32 : c;
}

/** `n` bytes, without regard to ASCII case. */
function equalFold(a: usize, b: usize, n: u32): bool {
  for (let i: u32 = 0; i < n; i++) if (lower(load<u8>(a + i)) != lower(load<u8>(b + i))) return false;
  return true;
}

/** Equal without regard to ASCII case. */
@inline
export function sameFold(a: usize, aLen: u32, b: usize, bLen: u32): bool {
  return aLen == bLen && equalFold(a, b, aLen);
}

/** Equal to a constant. */
export function is(p: usize, len: u32, s: string): bool {
  return len == sizeOf(s) && equal(p, bytesOf(s), len);
}

export function startsWith(p: usize, len: u32, prefix: usize, prefixLen: u32): bool {
  return prefixLen <= len && equal(p, prefix, prefixLen);
}

/** Begins with a constant, without regard to ASCII case. */
export function beginsFold(p: usize, len: u32, s: string): bool {
  return len >= sizeOf(s) && equalFold(p, bytesOf(s), sizeOf(s));
}

/** Holds a constant, without regard to ASCII case. */
export function holdsFold(p: usize, len: u32, s: string): bool {
  for (; len >= sizeOf(s); len--, p++) if (beginsFold(p, len, s)) return true;
  return false;
}

/** Where a byte first is in `[p, end)`; not before `end` if it is nowhere. */
export function seek(p: usize, end: usize, byte: u32): usize {
  while (p < end && load<u8>(p) != byte) p++;
  return p;
}

/** Whether a byte is one of a constant's. */
export function isOneOf(c: u32, s: string): bool {
  const end = bytesOf(s) + sizeOf(s);
  return seek(bytesOf(s), end, c) != end;
}

/** Whether a byte is of an alphabet, in which `a`, `A` and `0` stand for the letters and digits, the rest for themselves. */
export function inAlphabet(c: u32, alphabet: string): bool {
  if (c - 97 < 26) c = 97;
  else if (c - 65 < 26) c = 65;
  else if (c - 48 < 10) c = 48;
  return isOneOf(c, alphabet);
}

/** Which of the words of a sorted list it is: 1 for the first, 0 for none. Only those of its length are looked at. */
export function amongSorted(p: usize, len: u32, sorted: string): u32 {
  let at = changetype<usize>(sorted);
  let i: u32 = 0;
  for (let n: u32 = load<u8>(at); n - 1 < len; n = load<u8>(at)) {
    let left: u32 = load<u8>(at, 1);
    at += 2;
    if (n == len) {
      for (; left > 0; left--, at += n) {
        i++;
        if (equal(p, at, n)) return i;
      }
      return 0;
    }
    i += left;
    at += n * left;
  }
  return 0;
}

/** Which of the words it is: 1 for the first, 0 for none. */
export function among(p: usize, len: u32, words: string): u32 {
  let word = changetype<usize>(words);
  let i: u32 = 1;
  for (let n: u32 = load<u8>(word); n != 0; n = load<u8>(word)) {
    if (n == len && equal(p, word + 1, n)) return i;
    word += n + 1;
    i++;
  }
  return 0;
}
