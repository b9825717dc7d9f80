import { bytesOf, same, seek } from '../abi/text';
import { Out, putByte, putString } from './out';

/** A hexadecimal digit's value; 16 if it is none. */
export function hexValue(c: u32): u32 {
  return c - 48 < 10 ? c - 48 : (c | 32) - 97 < 6 ? (c | 32) - 87 : 16;
}

/** Whether anything in the bytes stands for another: `%`, or `+` in a form. */
export function isPercentEncoded(p: usize, len: u32, plus: bool): bool {
  const end = p + len;
  return seek(p, end, 37) != end || (plus && seek(p, end, 43) != end);
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
  return same(o.ptr, o.len, p, len);
}

function hex4(p: usize): u32 {
  let v: u32 = 0;
  for (let i = 0; i < 4; i++) {
    v = (v << 4) | hexValue(load<u8>(p + i));
  }
  return v;
}

/** Writes a character in UTF-8; where the next one goes. */
function putUtf8(u: u32, to: usize): usize {
  if (u < 0x80) {
    store<u8>(to, u);
    return to + 1;
  }
  let more: u32 = u < 0x800 ? 1 : u < 0x10000 ? 2 : 3;
  store<u8>(to++, (<u32>0xf0 << (3 - more)) | (u >> (6 * more)));
  while (more-- > 0) store<u8>(to++, 0x80 | ((u >> (6 * more)) & 63));
  return to;
}

/** Unescapes the inside of a JSON string to `to`, which has room for as many bytes; returns the length. */
export function unescape(p: usize, end: usize, to: usize): u32 {
  const begin = to;
  while (p < end) {
    let c: u32 = load<u8>(p++);
    if (c != 92) {
      store<u8>(to++, c);
      continue;
    }
    c = load<u8>(p++);
    if (c == 117) {
      let u = hex4(p);
      p += 4;
      if (u - 0xd800 < 0x400 && p + 6 <= end && load<u16>(p) == 0x755c) {
        const low = hex4(p + 2);
        if (low - 0xdc00 < 0x400) {
          u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
          p += 6;
        }
      }
      to = putUtf8(u, to);
      continue;
    }
    // The rest stand for themselves.
    const letters = bytesOf('bfnrt');
    const which = seek(letters, letters + 5, c) - letters;
    store<u8>(to++, which == 5 ? c : load<u8>(bytesOf('\b\f\n\r\t') + which));
  }
  return <u32>(to - begin);
}
