import { take } from './heap';

/** Bytes somewhere in memory that somebody else owns. */
@unmanaged
export class Text {
  ptr: usize;
  len: u32;
}

/** A constant's bytes, made once at start and kept for good. ASCII only. */
export function ascii(s: string): Text {
  const n = s.length;
  const t = changetype<Text>(take(offsetof<Text>() + n));
  t.ptr = changetype<usize>(t) + offsetof<Text>();
  t.len = n;
  for (let i = 0; i < n; i++) store<u8>(t.ptr + i, load<u16>(changetype<usize>(s) + (<usize>i << 1)));
  return t;
}

export function same(a: usize, aLen: u32, b: usize, bLen: u32): bool {
  return aLen == bLen && memory.compare(a, b, aLen) == 0;
}

@inline
export function lower(c: u32): u32 {
  return c - 65 < 26 ? c + 32 : c;
}

/** Equal without regard to ASCII case. */
export function sameFold(a: usize, aLen: u32, b: usize, bLen: u32): bool {
  if (aLen != bLen) return false;
  for (let i: u32 = 0; i < aLen; i++) {
    if (lower(load<u8>(a + i)) != lower(load<u8>(b + i))) return false;
  }
  return true;
}

/** Equal to a constant. Reads the constant's UTF-16 in place: no allocation. */
export function is(p: usize, len: u32, s: string): bool {
  if (len != <u32>s.length) return false;
  for (let i: u32 = 0; i < len; i++) {
    if (<u32>load<u8>(p + i) != <u32>load<u16>(changetype<usize>(s) + (<usize>i << 1))) return false;
  }
  return true;
}

export function startsWith(p: usize, len: u32, prefix: usize, prefixLen: u32): bool {
  return prefixLen <= len && memory.compare(p, prefix, prefixLen) == 0;
}

/** Begins with a constant, without regard to ASCII case; the constant is in lower case. */
export function beginsFold(p: usize, len: u32, s: string): bool {
  const n: u32 = s.length;
  if (len < n) return false;
  for (let i: u32 = 0; i < n; i++) {
    if (lower(load<u8>(p + i)) != <u32>load<u16>(changetype<usize>(s) + (<usize>i << 1))) return false;
  }
  return true;
}

/** Holds a constant, without regard to ASCII case; the constant is in lower case. */
export function holdsFold(p: usize, len: u32, s: string): bool {
  const n: u32 = s.length;
  for (; len >= n; len--, p++) {
    if (beginsFold(p, len, s)) return true;
  }
  return false;
}

/** One of several constants of one length, written one after the other: a string constant each would cost a header each. */
export function oneOf(p: usize, len: u32, words: string): bool {
  const total: u32 = words.length;
  for (let w: u32 = 0; w + len <= total; w += len) {
    let i: u32 = 0;
    while (i < len && <u32>load<u8>(p + i) == <u32>load<u16>(changetype<usize>(words) + (<usize>(w + i) << 1))) i++;
    if (i == len) return true;
  }
  return false;
}
