// A pull reader of JSON (RFC 8259) over bytes. One reader at a time: its state is the module's. It reads what it is given and
// nothing past it, keeps nesting as one bit a level, and calls anything it does not understand an error.
import { isOneOf } from '../abi/text';

export const ERROR: i32 = -1;
export const END: i32 = 0;
export const OBJECT: i32 = 1;
export const OBJECT_END: i32 = 2;
export const ARRAY: i32 = 3;
export const ARRAY_END: i32 = 4;
export const KEY: i32 = 5;
export const STRING: i32 = 6;
export const NUMBER: i32 = 7;
export const TRUE: i32 = 8;
export const FALSE: i32 = 9;
export const NULL: i32 = 10;

/** Deeper documents are an error: they pass untouched everywhere. */
const MAX_DEPTH: u32 = 16384;

// What may come next.
const VALUE: u32 = 0;
const VALUE_OR_END: u32 = 1;
const KEY_OR_END: u32 = 2;
const KEY_ONLY: u32 = 3;
const COMMA_OR_END: u32 = 4;
const NOTHING: u32 = 5;

@lazy
const kinds: usize = memory.data(2048, 8);

let at: usize = 0;
let end: usize = 0;
let expect: u32 = VALUE;
/** The innermost container is an object. */
let inside: bool = false;

/** The token's bytes; strings and keys with their quotes. */
export let start: usize = 0;
export let stop: usize = 0;
/** Containers open after the token. */
export let depth: u32 = 0;
/** Strings and keys: whether a backslash is in it. */
export let escaped: bool = false;

export function open(ptr: usize, len: u32): void {
  at = ptr;
  end = ptr + len;
  expect = VALUE;
  depth = 0;
  inside = false;
}

function push(object: bool): bool {
  if (depth >= MAX_DEPTH) return false;
  const cell = kinds + (depth >> 3);
  const bit: u32 = 1 << (depth & 7);
  store<u8>(cell, object ? load<u8>(cell) | bit : load<u8>(cell) & ~bit);
  depth++;
  inside = object;
  return true;
}

/**
 * The bytes of a word that end a string's plain run - a quote, a backslash, a control character - as their highest bits. Right
 * up to the first of them, which is the lowest; behind it there may be false ones. 0 if there is none.
 */
@inline
export function special(w: u64): u64 {
  // Below 0x21 once bit 1 is flipped are the control characters and the quote, not the blank.
  return (((w ^ 0x0202020202020202) - 0x2121212121212121) | ((w ^ 0x5c5c5c5c5c5c5c5c) - 0x0101010101010101)) & ~w & 0x8080808080808080;
}

/** Behind the closing quote of the string that `p` is in; 0 if it is no string. Sets {@link escaped} at a backslash. */
export function stringEnd(p: usize, end: usize): usize {
  while (p < end) {
    if (p + 8 <= end) {
      const hit = special(load<u64>(p));
      if (hit == 0) {
        p += 8;
        continue;
      }
      p += <usize>(ctz<u64>(hit) >> 3);
    }
    const c: u32 = load<u8>(p++);
    if (c == 34) return p;
    if (c < 32) return 0;
    if (c != 92) continue;
    escaped = true;
    if (p >= end) return 0;
    const e: u32 = load<u8>(p++);
    if (e == 117) {
      if (p + 4 > end) return 0;
      for (let i = 0; i < 4; i++) {
        const h: u32 = load<u8>(p++);
        if (!(h - 48 < 10 || (h | 32) - 97 < 6)) return 0;
      }
    } else if (!isOneOf(e, '"\\/bfnrt')) return 0;
  }
  return 0;
}

/** Where the digits from `p` on end. */
function digits(p: usize, end: usize): usize {
  while (p < end && <u32>load<u8>(p) - 48 < 10) p++;
  return p;
}

/** Behind the number at `p`; 0 if it is none. */
function numberEnd(p: usize, end: usize): usize {
  if (load<u8>(p) == 45) p++;
  let q = digits(p, end);
  if (q == p) return 0;
  // A zero stands alone.
  p = load<u8>(p) == 48 ? p + 1 : q;
  if (p < end && load<u8>(p) == 46) {
    q = digits(++p, end);
    if (q == p) return 0;
    p = q;
  }
  if (p < end && (load<u8>(p) | 32) == 101) {
    p++;
    if (p < end && (load<u8>(p) == 43 || load<u8>(p) == 45)) p++;
    q = digits(p, end);
    if (q == p) return 0;
    p = q;
  }
  return p;
}

/** What a value is that is neither string nor container, by its first byte: a number, if not one of the three words. */
@inline
export function scalarOf(c: u32): i32 {
  return c == 116 ? TRUE : c == 102 ? FALSE : c == 110 ? NULL : NUMBER;
}

/** What a value is, by its first byte. */
export function kindOf(c: u32): i32 {
  return c == 123 ? OBJECT : c == 91 ? ARRAY : c == 34 ? STRING : scalarOf(c);
}

/** Behind the value at `p`, which is of this kind by its first byte; 0 if it is not of it after all. */
export function scalarEnd(kind: i32, p: usize, end: usize): usize {
  if (kind == NUMBER) return numberEnd(p, end);
  const q = p + (kind == FALSE ? 5 : 4);
  const lastFour: u32 = kind == TRUE ? 0x65757274 : kind == FALSE ? 0x65736c61 : 0x6c6c756e;
  return q <= end && load<u32>(q - 4) == lastFour ? q : 0;
}

/** Bit c for blank, line feed, carriage return and tab. */
const BLANKS: u64 = 0x100002600;

/** Where the blanks from `p` on end. */
export function blanks(p: usize, end: usize): usize {
  while (p < end) {
    const c: u32 = load<u8>(p);
    if (c > 32 || !((BLANKS >> c) & 1)) break;
    p++;
  }
  return p;
}

function close(p: usize): i32 {
  const kind = inside ? OBJECT_END : ARRAY_END;
  start = p;
  stop = at = p + 1;
  depth--;
  inside = depth != 0 && (load<u8>(kinds + ((depth - 1) >> 3)) & (1 << ((depth - 1) & 7))) != 0;
  expect = depth == 0 ? NOTHING : COMMA_OR_END;
  return kind;
}

/** The next token. After ERROR or END it stays there. */
export function next(): i32 {
  const last = end;
  let p = blanks(at, last);
  let e = expect;
  if (p >= last) return e == NOTHING ? END : ERROR;
  let c: u32 = load<u8>(p);
  if (e == COMMA_OR_END) {
    if (c != 44) return c == <u32>(inside ? 125 : 93) ? close(p) : ERROR;
    p = blanks(p + 1, last);
    if (p >= last) return ERROR;
    c = load<u8>(p);
    e = inside ? KEY_ONLY : VALUE;
  }
  if (e == NOTHING) return ERROR;
  if ((e == VALUE_OR_END && c == 93) || (e == KEY_OR_END && c == 125)) return close(p);
  const key = e == KEY_OR_END || e == KEY_ONLY;
  let q: usize = 0;
  let kind = STRING;
  let after: u32 = depth == 0 ? NOTHING : COMMA_OR_END;
  if (c == 34) {
    escaped = false;
    q = stringEnd(p + 1, last);
    if (key && q != 0) {
      start = p;
      stop = q;
      p = blanks(q, last);
      if (p >= last || load<u8>(p) != 58) return fail();
      at = p + 1;
      expect = VALUE;
      return KEY;
    }
  } else if (key) {
    return fail();
  } else if (c == 123 || c == 91) {
    const object = c == 123;
    if (push(object)) q = p + 1;
    kind = object ? OBJECT : ARRAY;
    after = object ? KEY_OR_END : VALUE_OR_END;
  } else {
    kind = scalarOf(c);
    q = scalarEnd(kind, p, last);
  }
  if (q == 0) return fail();
  start = p;
  stop = at = q;
  expect = after;
  return kind;
}

function fail(): i32 {
  at = end;
  expect = VALUE;
  return ERROR;
}
