// Where a body can be changed: one spot for each value, with what surrounds it. A form's fields are spots like JSON's members,
// so that the same operations do for both; a plain text is one spot.
import { temp } from '../abi/arena';
import { seek } from '../abi/text';
import * as json from '../lib/json';

export const WHOLE: u32 = 0;
export const MEMBER: u32 = 1;
export const ELEMENT: u32 = 2;
/** From here on values have no quotes: a field of a form or a query. */
export const FIELD: u32 = 3;
/** A header's value; between name, value and the next there are NULs. */
export const HEADER: u32 = 4;

@unmanaged
export class Spot {
  /** The value. */
  start: usize;
  stop: usize;
  /** With its key: what is dropped or doubled. */
  whole: usize;
  /** The separator before it, 0 for the first. */
  comma: usize;
  /** A token of json.ts; STRING for form fields and text. */
  kind: i32;
  role: u32;
}

/** More are not looked at: an edit is then drawn from the first ones. */
export const MOST: u32 = 16384;

let list: usize = 0;
let cap: u32 = 0;
export let spots: u32 = 0;

@inline
export function spot(i: u32): Spot {
  return changetype<Spot>(list + <usize>i * offsetof<Spot>());
}

/** Forgets all spots and has room for those of so many bytes, as JSON mostly is; false if there is no memory. */
export function openSpots(bytes: u32): bool {
  spots = 0;
  cap = bytes >> 3;
  if (cap < 64) cap = 64;
  if (cap > MOST) cap = MOST;
  list = temp(cap * offsetof<Spot>());
  return list != 0;
}

/** Adds a spot. Its number, or -1 if there are too many. */
export function addSpot(start: usize, stop: usize, whole: usize, comma: usize, kind: i32, role: u32): i32 {
  if (spots == cap && !widen()) return -1;
  const s = spot(spots);
  s.start = start;
  s.stop = stop;
  s.whole = whole;
  s.comma = comma;
  s.kind = kind;
  s.role = role;
  return spots++;
}

/** Twice the room; false if there are as many spots as may be, or no memory. */
function widen(): bool {
  if (cap == MOST) return false;
  const wider = cap * 2 > MOST ? MOST : cap * 2;
  const bigger = temp(<usize>wider * offsetof<Spot>());
  if (bigger == 0) return false;
  memory.copy(bigger, list, <usize>cap * offsetof<Spot>());
  list = bigger;
  cap = wider;
  return true;
}

const DEPTH: usize = 256;
/** The containers that are open, the outermost first: twice the number of the container's spot, and one more for an object. */
const opened: usize = memory.data(1024, 4);

/** Behind the string at `p`; 0 if it is none. The short ones, which most are, take no call. */
@inline
function stringFrom(p: usize, end: usize): usize {
  let q = p + 1;
  if (q + 8 <= end) {
    const hit = json.special(load<u64>(q));
    q += hit == 0 ? 8 : <usize>(ctz<u64>(hit) >> 3);
    if (hit != 0 && load<u8>(q) == 34) return q + 1;
  }
  return json.stringEnd(q, end);
}

/**
 * Collects a JSON document's spots; false if it is no JSON or nested deeper than 256. It knows of the reader in lib/json.ts what
 * a value is, and goes through the document by itself: what it notes of a value are places only, and they stay in registers.
 */
export function jsonSpots(body: usize, len: u32): bool {
  if (!openSpots(len)) return false;
  const end = body + len;
  /** Behind the innermost container. */
  let top = opened;
  /** The innermost is an object. */
  let object = false;
  let comma: usize = 0;
  let p = body;
  while (true) {
    p = json.blanks(p, end);
    const whole = p;
    if (object) {
      if (p >= end || load<u8>(p) != 34) return false;
      p = stringFrom(p, end);
      if (p == 0) return false;
      p = json.blanks(p, end);
      if (p >= end || load<u8>(p) != 58) return false;
      p = json.blanks(p + 1, end);
    }
    if (p >= end) return false;
    const start = p;
    const role = top == opened ? WHOLE : object ? MEMBER : ELEMENT;
    const c: u32 = load<u8>(p);
    if (c == 123 || c == 91) {
      if (top == opened + DEPTH * 4) return false;
      object = c == 123;
      const at = addSpot(start, start, whole, comma, object ? json.OBJECT : json.ARRAY, role);
      store<i32>(top, (at << 1) | i32(object));
      top += 4;
      comma = 0;
      p = json.blanks(p + 1, end);
      // An empty container is closed below.
      if (p >= end || load<u8>(p) != c + 2) continue;
    } else {
      let kind = json.STRING;
      if (c == 34) p = stringFrom(p, end);
      else {
        kind = json.scalarOf(c);
        p = json.scalarEnd(kind, p, end);
      }
      if (p == 0) return false;
      addSpot(start, p, whole, comma, kind, role);
    }
    // Behind a value: what it ends, up to the comma before the next.
    while (true) {
      p = json.blanks(p, end);
      if (top == opened) return p == end;
      if (p >= end) return false;
      const after: u32 = load<u8>(p);
      if (after == 44) break;
      if (after != <u32>(object ? 125 : 93)) return false;
      p++;
      top -= 4;
      const at = load<i32>(top) >> 1;
      if (at >= 0) spot(at).stop = p;
      object = top != opened && (load<u8>(top - 4) & 1) != 0;
    }
    comma = p++;
  }
}

/** Collects a form's fields (`a=1&b=2`); false if there is none. */
export function formSpots(body: usize, len: u32): bool {
  if (!openSpots(len)) return false;
  const end = body + len;
  let comma: usize = 0;
  for (let p = body; p <= end; ) {
    const q = seek(p, end, 38);
    const equals = seek(p, q, 61);
    if (equals != q) addSpot(equals + 1, q, p, comma, json.STRING, FIELD);
    comma = q;
    p = q + 1;
  }
  return spots > 0;
}

export function textSpot(body: usize, len: u32): bool {
  if (len == 0 || !openSpots(len)) return false;
  return addSpot(body, body + len, body, 0, json.STRING, WHOLE) >= 0;
}
