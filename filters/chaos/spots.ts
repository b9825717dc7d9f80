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

/** A spot as it is looked at. */
@unmanaged
export class Spot {
  /** The value. */
  start: usize;
  stop: usize;
  /** With its key: what is dropped or doubled. */
  whole: usize;
  /** A token of json.ts; STRING for form fields and text. */
  kind: i32;
  role: u32;
}

/** A spot as it is noted: only what cannot be told from its first byte. */
@unmanaged
class Noted {
  start: usize;
  stop: usize;
  whole: usize;
}

/** More are not looked at: an edit is then drawn from the first ones. */
export const MOST: u32 = 16384;

let list: usize = 0;
let limit: usize = 0;
/** Where the body begins that they are in. */
let begin: usize = 0;
/** The role of all of them; of JSON's, which are of several, WHOLE. */
let roles: u32 = WHOLE;
let isJson: bool = false;
export let spots: u32 = 0;

const one = changetype<Spot>(memory.data(offsetof<Spot>(), 8));
const other = changetype<Spot>(memory.data(offsetof<Spot>(), 8));

function look(i: u32, s: Spot): Spot {
  const n = changetype<Noted>(list + <usize>i * offsetof<Noted>());
  s.start = n.start;
  s.stop = n.stop;
  s.whole = n.whole;
  s.kind = json.STRING;
  s.role = roles;
  if (!isJson) return s;
  s.kind = json.kindOf(load<u8>(n.start));
  if (i != 0) s.role = n.whole == n.start ? ELEMENT : MEMBER;
  return s;
}

/** A spot by its number, until the next is looked at. */
export function spot(i: u32): Spot {
  return look(i, one);
}

/** The same, beside one from {@link spot}. */
export function otherSpot(i: u32): Spot {
  return look(i, other);
}

/** The separator before a spot, 0 for the first. */
export function commaBefore(s: Spot): usize {
  let p = s.whole;
  if (s.role == FIELD) return p > begin ? p - 1 : 0;
  if (s.role != MEMBER && s.role != ELEMENT) return 0;
  do p--;
  while (load<u8>(p) <= 32);
  return load<u8>(p) == 44 ? p : 0;
}

/** Forgets all spots and has room for those of a body, each of which takes two bytes of it; false if there is no memory. */
export function openSpots(body: usize, len: u32, role: u32): bool {
  const most: u32 = len / 2 + 1;
  const size = (most < MOST ? most : MOST) * offsetof<Noted>();
  spots = 0;
  begin = body;
  roles = role;
  isJson = false;
  list = temp(size);
  limit = list + size;
  return list != 0;
}

export function addSpot(start: usize, stop: usize, whole: usize): void {
  const at = list + <usize>spots * offsetof<Noted>();
  if (note(at, start, stop, whole) != at) spots++;
}

/** Notes a spot at `at`, unless there are too many; where the next goes. */
@inline
function note(at: usize, start: usize, stop: usize, whole: usize): usize {
  if (at == limit) return at;
  const n = changetype<Noted>(at);
  n.start = start;
  n.stop = stop;
  n.whole = whole;
  return at + offsetof<Noted>();
}

const DEPTH: usize = 256;
/** The containers that are open, the outermost first: where each is noted (0 = nowhere), and one more if it lies in an object. */
const opened: usize = memory.data(1024, 4);

// What reads JSON below has a NUL behind the document, where every run of it ends: most of it need not look for the end.

/** Behind the string that `p` is in; 0 if it is none. */
@inline
function stringFrom(p: usize, end: usize): usize {
  let hit = json.special(load<u64>(p));
  while (hit == 0) {
    p += 8;
    hit = json.special(load<u64>(p));
  }
  p += <usize>(ctz<u64>(hit) >> 3);
  return load<u8>(p) == 34 ? p + 1 : json.stringEnd(p, end);
}

/** Where the digits from `p` on end. */
@inline
function digits(p: usize): usize {
  while (<u32>load<u8>(p) - 48 < 10) p++;
  return p;
}

/** Behind the value at `p` that is neither string nor container, of which `c` is the first byte; 0 if it is none. */
@inline
function scalarFrom(p: usize, end: usize, c: u32): usize {
  if (c - 49 < 9) {
    let q = digits(p + 1);
    c = load<u8>(q);
    if (c == 46) {
      const fraction = q + 1;
      q = digits(fraction);
      if (q == fraction) return 0;
      c = load<u8>(q);
    }
    if ((c | 32) != 101) return q;
  }
  return json.scalarEnd(json.scalarOf(c), p, end);
}

/** Where the blanks from `p` on end; no call where there are none, is for the caller to see to. */
function skip(p: usize, end: usize): usize {
  return json.blanks(p, end);
}

/**
 * Collects a JSON document's spots; false if it is no JSON or nested deeper than 256. It knows of the reader in lib/json.ts what
 * a value is, and goes through the document by itself: what it notes of a value are places only, and they stay in registers.
 * @param body in the arena, whose memory has room for the NUL
 */
export function jsonSpots(body: usize, len: u32): bool {
  if (!openSpots(body, len, WHOLE)) return false;
  isJson = true;
  const end = body + len;
  store<u64>(end, 0);
  let at = list;
  /** Behind the innermost container. */
  let top = opened;
  /** The innermost is an object. */
  let object = false;
  let p = body;
  let c: u32 = load<u8>(p);
  while (true) {
    if (c <= 32) {
      p = skip(p, end);
      c = load<u8>(p);
    }
    const whole = p;
    if (object) {
      if (c != 34) return false;
      p = stringFrom(p + 1, end);
      if (p == 0) return false;
      c = load<u8>(p);
      if (c != 58) {
        p = skip(p, end);
        if (load<u8>(p) != 58) return false;
      }
      c = load<u8>(++p);
      if (c <= 32) {
        p = skip(p, end);
        c = load<u8>(p);
      }
    }
    const start = p;
    if (c == 34) {
      p = stringFrom(p + 1, end);
      if (p == 0) return false;
      at = note(at, start, p, whole);
    } else if ((c | 32) == 123) {
      if (top == opened + DEPTH * 4) return false;
      const next = note(at, start, start, whole);
      store<u32>(top, (next == at ? 0 : <u32>at) | u32(object));
      at = next;
      top += 4;
      object = c == 123;
      c = load<u8>(++p);
      if (c <= 32) {
        p = skip(p, end);
        c = load<u8>(p);
      }
      // An empty container is closed below.
      if (c != <u32>(object ? 125 : 93)) continue;
    } else {
      p = scalarFrom(p, end, c);
      if (p == 0) return false;
      at = note(at, start, p, whole);
    }
    // Behind a value: what it ends, up to the comma before the next.
    while (true) {
      c = load<u8>(p);
      if (c <= 32) {
        p = skip(p, end);
        c = load<u8>(p);
      }
      if (top == opened) {
        spots = <u32>(at - list) / offsetof<Noted>();
        return p == end;
      }
      p++;
      if (c == 44) break;
      if (c != <u32>(object ? 125 : 93)) return false;
      top -= 4;
      const container = load<u32>(top);
      object = (container & 1) != 0;
      if (container > 1) changetype<Noted>(container & ~1).stop = p;
    }
    c = load<u8>(p);
  }
}

/** Collects a form's fields (`a=1&b=2`); false if there is none. */
export function formSpots(body: usize, len: u32): bool {
  if (!openSpots(body, len, FIELD)) return false;
  const end = body + len;
  for (let p = body; p <= end; ) {
    const q = seek(p, end, 38);
    const equals = seek(p, q, 61);
    if (equals != q) addSpot(equals + 1, q, p);
    p = q + 1;
  }
  return spots > 0;
}

export function textSpot(body: usize, len: u32): bool {
  if (len == 0 || !openSpots(body, len, WHOLE)) return false;
  addSpot(body, body + len, body);
  return true;
}
