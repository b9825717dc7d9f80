import { temp } from '../abi/arena';
import { bytesOf, sizeOf } from '../abi/text';

/** Bytes being written, in the arena. Once memory runs out it stays failed and takes nothing more. */
@unmanaged
export class Out {
  ptr: usize;
  len: u32;
  cap: u32;
  failed: bool;
}

/** What there is where not even an output's record has room. */
const none = changetype<Out>(memory.data(offsetof<Out>(), 8));

/** An empty output with room for `cap` bytes; a failed one if there is no memory. */
export function output(cap: u32): Out {
  const p = temp(offsetof<Out>());
  if (p == 0) {
    none.failed = true;
    return none;
  }
  const o = changetype<Out>(p);
  o.len = 0;
  o.cap = cap < 64 ? 64 : cap;
  o.ptr = temp(o.cap);
  o.failed = o.ptr == 0;
  return o;
}

/** Room for `n` more bytes, doubling as needed. */
export function room(o: Out, n: u32): bool {
  if (o.failed) return false;
  const need = <u64>o.len + n;
  if (need <= o.cap) return true;
  let cap = <u64>o.cap * 2;
  if (cap < need) cap = need;
  if (cap > 0x1fffffff) {
    o.failed = true;
    return false;
  }
  const p = temp(<usize>cap);
  if (p == 0) {
    o.failed = true;
    return false;
  }
  memory.copy(p, o.ptr, o.len);
  o.ptr = p;
  o.cap = <u32>cap;
  return true;
}

export function put(o: Out, p: usize, n: u32): void {
  if (n == 0 || !room(o, n)) return;
  memory.copy(o.ptr + o.len, p, n);
  o.len += n;
}

export function putByte(o: Out, c: u32): void {
  if (!room(o, 1)) return;
  store<u8>(o.ptr + o.len, c);
  o.len++;
}

/** One byte `n` times. */
export function putRepeated(o: Out, c: u32, n: u32): void {
  if (!room(o, n)) return;
  memory.fill(o.ptr + o.len, <u8>c, n);
  o.len += n;
}

/** A constant, ASCII. */
export function putString(o: Out, s: string): void {
  put(o, bytesOf(s), sizeOf(s));
}

export function putU64(o: Out, v: u64): void {
  if (!room(o, 20)) return;
  let digits: u32 = 1;
  for (let t = v; t >= 10; t /= 10) digits++;
  let at = o.ptr + o.len + digits;
  o.len += digits;
  do {
    store<u8>(--at, 48 + <u32>(v % 10));
    v /= 10;
  } while (v != 0);
}

/** With up to `decimals` (≤ 9) digits behind the point, trailing zeros cut; what does not fit 18 digits becomes 1e308 or -1e308. */
export function putF64(o: Out, v: f64, decimals: u32): void {
  if (!(v == v)) v = 0;
  if (v < 0) {
    putByte(o, 45);
    v = -v;
  }
  if (v > 9e17) {
    putString(o, '1e308');
    return;
  }
  let scale: u64 = 1;
  for (let i: u32 = 0; i < decimals; i++) scale *= 10;
  let whole = <u64>v;
  let part = <u64>nearest((v - <f64>whole) * <f64>scale);
  if (part >= scale) {
    whole++;
    part = 0;
  }
  putU64(o, whole);
  if (part == 0) return;
  putByte(o, 46);
  for (scale /= 10; scale > 0 && part > 0; scale /= 10) {
    putByte(o, 48 + <u32>(part / scale));
    part %= scale;
  }
}

export function putHex(o: Out, v: u64): void {
  if (!room(o, 16)) return;
  for (let shift: i32 = 60; shift >= 0; shift -= 4) {
    const d = <u32>(v >> shift) & 15;
    store<u8>(o.ptr + o.len, d < 10 ? 48 + d : 87 + d);
    o.len++;
  }
}
