// A pull reader of JSON (RFC 8259) over bytes. One reader at a time: its state is the module's. It reads what it is given and
// nothing past it, keeps nesting as one bit a level, and calls anything it does not understand an error.

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

@inline
function afterValue(): void {
  expect = depth == 0 ? NOTHING : COMMA_OR_END;
}

function string_(): bool {
  let p = at + 1;
  escaped = false;
  while (p < end) {
    // Eight bytes at a time while none is a quote, a backslash or a control character.
    while (p + 8 <= end) {
      const w = load<u64>(p);
      const q = w ^ 0x2222222222222222;
      const b = w ^ 0x5c5c5c5c5c5c5c5c;
      const hit =
        (((q - 0x0101010101010101) & ~q) | ((b - 0x0101010101010101) & ~b) | ((w - 0x2020202020202020) & ~w)) &
        0x8080808080808080;
      if (hit != 0) {
        p += <usize>(ctz<u64>(hit) >> 3);
        break;
      }
      p += 8;
    }
    if (p >= end) return false;
    const c = load<u8>(p);
    if (c == 34) {
      start = at;
      stop = p + 1;
      at = stop;
      return true;
    }
    if (c < 32) return false;
    if (c == 92) {
      escaped = true;
      if (p + 1 >= end) return false;
      const e = load<u8>(p + 1);
      if (e == 117) {
        if (p + 6 > end) return false;
        for (let i = 2; i < 6; i++) {
          const h: u32 = load<u8>(p + i);
          if (!(h - 48 < 10 || (h | 32) - 97 < 6)) return false;
        }
        p += 6;
      } else {
        // " / \ b f n r t
        if (!(e == 34 || e == 47 || e == 92 || e == 98 || e == 102 || e == 110 || e == 114 || e == 116)) return false;
        p += 2;
      }
    } else p++;
  }
  return false;
}

/** Where the digits from `p` on end. */
function digits(p: usize): usize {
  while (p < end && <u32>load<u8>(p) - 48 < 10) p++;
  return p;
}

function number_(): bool {
  let p = at;
  if (load<u8>(p) == 45) p++;
  let q = digits(p);
  if (q == p) return false;
  // A zero stands alone.
  p = load<u8>(p) == 48 ? p + 1 : q;
  if (p < end && load<u8>(p) == 46) {
    q = digits(++p);
    if (q == p) return false;
    p = q;
  }
  if (p < end && (load<u8>(p) | 32) == 101) {
    p++;
    if (p < end && (load<u8>(p) == 43 || load<u8>(p) == 45)) p++;
    q = digits(p);
    if (q == p) return false;
    p = q;
  }
  start = at;
  stop = p;
  at = p;
  return true;
}

/** A word of `n` bytes whose first is known and whose last four are these. */
function word(n: usize, lastFour: u32): bool {
  if (at + n > end || load<u32>(at + n - 4) != lastFour) return false;
  start = at;
  stop = at + n;
  at = stop;
  return true;
}

/** Where the blanks from `p` on end. */
@inline
function blanks(p: usize): usize {
  while (p < end) {
    const c: u32 = load<u8>(p);
    if (c > 32 || (c != 32 && c != 10 && c != 13 && c != 9)) break;
    p++;
  }
  return p;
}

function close(): i32 {
  const kind = inside ? OBJECT_END : ARRAY_END;
  start = at;
  stop = ++at;
  depth--;
  inside = depth != 0 && (load<u8>(kinds + ((depth - 1) >> 3)) & (1 << ((depth - 1) & 7))) != 0;
  afterValue();
  return kind;
}

/** The next token. After ERROR or END it stays there. */
export function next(): i32 {
  let p = blanks(at);
  at = p;
  if (p >= end) return expect == NOTHING ? END : ERROR;
  let c: u32 = load<u8>(p);
  let e = expect;
  if (e == COMMA_OR_END) {
    if (c != 44) return c == <u32>(inside ? 125 : 93) ? close() : ERROR;
    p = blanks(p + 1);
    at = p;
    if (p >= end) return ERROR;
    c = load<u8>(p);
    e = inside ? KEY_ONLY : VALUE;
  }
  if (e == KEY_OR_END || e == KEY_ONLY) {
    if (c == 125 && e == KEY_OR_END) return close();
    if (c != 34 || !string_()) return fail();
    p = blanks(at);
    if (p >= end || load<u8>(p) != 58) return fail();
    at = p + 1;
    expect = VALUE;
    return KEY;
  }
  if (e == NOTHING) return ERROR;
  if (e == VALUE_OR_END && c == 93) return close();
  let ok: bool;
  let kind: i32;
  if (c == 34) {
    ok = string_();
    kind = STRING;
  } else if (c == 123 || c == 91) {
    const object = c == 123;
    if (!push(object)) return fail();
    start = p;
    stop = p + 1;
    at = stop;
    expect = object ? KEY_OR_END : VALUE_OR_END;
    return object ? OBJECT : ARRAY;
  } else if (c == 116) {
    ok = word(4, 0x65757274);
    kind = TRUE;
  } else if (c == 102) {
    ok = word(5, 0x65736c61);
    kind = FALSE;
  } else if (c == 110) {
    ok = word(4, 0x6c6c756e);
    kind = NULL;
  } else {
    ok = number_();
    kind = NUMBER;
  }
  if (!ok) return fail();
  afterValue();
  return kind;
}

function fail(): i32 {
  at = end;
  expect = VALUE;
  return ERROR;
}
