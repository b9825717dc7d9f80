import { Out, putByte, putString } from './out';

function hexValue(c: u32): u32 {
  return c - 48 < 10 ? c - 48 : (c | 32) - 97 < 6 ? (c | 32) - 87 : 16;
}

/** Whether anything in the bytes stands for another: `%`, or `+` in a form. */
export function isPercentEncoded(p: usize, len: u32, plus: bool): bool {
  for (let i: u32 = 0; i < len; i++) {
    const c: u32 = load<u8>(p + i);
    if (c == 37 || (plus && c == 43)) return true;
  }
  return false;
}

/** Decodes to `to`, which has room for as many bytes; returns the length. A `%` without two digits stands for itself. */
export function percentDecode(p: usize, len: u32, to: usize, plus: bool): u32 {
  const begin = to;
  const end = p + len;
  while (p < end) {
    const c: u32 = load<u8>(p);
    if (c == 37 && p + 2 < end) {
      const high = hexValue(load<u8>(p + 1));
      const low = hexValue(load<u8>(p + 2));
      if (high < 16 && low < 16) {
        store<u8>(to++, (high << 4) | low);
        p += 3;
        continue;
      }
    }
    store<u8>(to++, plus && c == 43 ? 32 : c);
    p++;
  }
  return <u32>(to - begin);
}

function hexDigit(o: Out, v: u32): void {
  putByte(o, v < 10 ? 48 + v : 55 + v);
}

/** Everything but RFC 3986's unreserved characters as %XX. */
export function putPercentEncoded(o: Out, p: usize, len: u32): void {
  for (let i: u32 = 0; i < len; i++) {
    const c: u32 = load<u8>(p + i);
    if (c - 48 < 10 || (c | 32) - 97 < 26 || c == 45 || c == 46 || c == 95 || c == 126) putByte(o, c);
    else {
      putByte(o, 37);
      hexDigit(o, c >> 4);
      hexDigit(o, c & 15);
    }
  }
}

/** The inside of a JSON string. */
export function putJsonEscaped(o: Out, p: usize, len: u32): void {
  for (let i: u32 = 0; i < len; i++) {
    const c: u32 = load<u8>(p + i);
    if (c >= 32 && c != 34 && c != 92) putByte(o, c);
    else {
      putString(o, '\\u00');
      hexDigit(o, c >> 4);
      hexDigit(o, c & 15);
    }
  }
}

/** RFC 4648 base 64 with padding. */
export function putBase64(o: Out, p: usize, len: u32): void {
  for (let i: u32 = 0; i < len; i += 3) {
    const left = len - i;
    let v: u32 = <u32>load<u8>(p + i) << 16;
    if (left > 1) v |= <u32>load<u8>(p + i + 1) << 8;
    if (left > 2) v |= load<u8>(p + i + 2);
    base64Digit(o, v >> 18);
    base64Digit(o, (v >> 12) & 63);
    if (left > 1) base64Digit(o, (v >> 6) & 63);
    else putByte(o, 61);
    if (left > 2) base64Digit(o, v & 63);
    else putByte(o, 61);
  }
}

function base64Digit(o: Out, v: u32): void {
  putByte(o, v < 26 ? 65 + v : v < 52 ? 71 + v : v < 62 ? v - 4 : v == 62 ? 43 : 47);
}

/** Bytes equal to what an output holds. */
export function sameAs(o: Out, p: usize, len: u32): bool {
  return o.len == len && memory.compare(o.ptr, p, len) == 0;
}
