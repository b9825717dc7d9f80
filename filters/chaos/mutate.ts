// Mutation of one body, query or header map by seed: draws spots and kinds, notes edits, applies them. JSON stays JSON and a
// form a form, unless raw.
import { temp } from '../abi/arena';
import { sizeOf } from '../abi/text';
import { FORM_BODY, JSON_BODY, TEXT_BODY } from '../lib/body';
import * as json from '../lib/json';
import { isInteger, parseNumber } from '../lib/number';
import { Out, output, put, putByte, putF64, putRepeated, putString } from '../lib/out';
import { below, random, uniform } from '../lib/random';
import { applyEdits, edit, edits, openEdits } from './edits';
import * as kind from './kinds';
import * as metrics from './metrics';
import { commaBefore, FIELD, formSpots, HEADER, jsonSpots, otherSpot, Spot, spot, spots, textSpot, WHOLE } from './spots';
import { count } from './tell';

// Formats beside the kinds of body.
/** Names and values between NULs; the caller has found the spots, since not every header may be changed. */
export const HEADER_BLOCK: u32 = 4;
export const QUERY_STRING: u32 = 5;

/** Kinds that were used by the last {@link mutate}, as bits. */
export let used: u32 = 0;
/** Edits that were made by it. */
export let made: u32 = 0;

/**
 * The changed body, or null if nothing could be changed. Draws from the module's random state, which the caller has seeded.
 * @param ops edits wanted; fewer are made if they would overlap or nothing fits
 */
export function mutate(body: usize, len: u32, format: u32, ops: u32, kinds: u32, raw: bool): Out | null {
  used = 0;
  made = 0;
  if (len == 0 || !openEdits()) return null;
  let read = false;
  if (format == JSON_BODY) read = jsonSpots(body, len);
  else if (format == FORM_BODY || format == QUERY_STRING) read = formSpots(body, len);
  else if (format == TEXT_BODY) read = textSpot(body, len);
  else if (format == HEADER_BLOCK) read = spots > 0;
  // What is not a body must stay what a message's head may hold.
  const head = format >= HEADER_BLOCK;
  // The whole document only if it is all there is: changing it takes every other edit's place.
  const low: u32 = spots > 1 && format == JSON_BODY ? 1 : 0;
  for (let i: u32 = 0; i < ops; i++) {
    // A draw may not fit or overlap an edit: a few more are tried, so that small bodies get their edits too.
    for (let tries = 0; tries < 8; tries++) {
      let done = false;
      let k: u32 = kind.RAW;
      if (read && !(raw && below(4) == 0)) {
        k = pick(kinds);
        done = apply(low + below(spots - low), low, k, body + len);
      } else if (raw && !head) done = flip(body, len);
      else if (raw && read) done = garble(spot(below(spots)));
      else break;
      if (done) {
        used |= 1 << k;
        made++;
        count(metrics.mutatedKind(k));
        break;
      }
    }
  }
  return edits == 0 ? null : applyEdits(body, len);
}

/** One of the kinds whose bit is set. */
function pick(kinds: u32): u32 {
  let n = below(popcnt(kinds));
  for (let k: u32 = 0; k < kind.RAW; k++) {
    if ((kinds & (1 << k)) != 0 && n-- == 0) return k;
  }
  return kind.STRING_EDIT;
}

/** One operation on the spot numbered `i`, of those from `low` on. */
function apply(i: u32, low: u32, k: u32, end: usize): bool {
  const s = spot(i);
  const size = <u32>(s.stop - s.start);
  const numeric = s.kind == json.NUMBER || (s.role >= FIELD && isNumber(s.start, size));
  switch (k) {
    case kind.JITTER:
      return numeric && jitter(s, size);
    case kind.BOUNDARY:
      return boundary(s, numeric);
    case kind.STRING_EDIT:
      return s.kind == json.STRING && stringEdit(s);
    case kind.DROP:
      return s.role != WHOLE && dropSpot(s, end);
    case kind.DUPLICATE:
      return s.role != WHOLE && duplicate(s);
    case kind.SWAP:
      return swap(i, low);
    case kind.TYPE_CHANGE:
      return s.role < FIELD && typeChange(s, size);
    default:
      return s.kind != json.NULL && nullify(s);
  }
}

/** Whether a field's text reads as a number. */
function isNumber(p: usize, len: u32): bool {
  json.open(p, len);
  return json.next() == json.NUMBER && json.stop == p + len;
}

function replace(s: Spot, o: Out): bool {
  return !o.failed && edit(s.start, s.stop, o.ptr, o.len);
}

function replaceBy(s: Spot, text: string): bool {
  const o = output(sizeOf(text));
  putString(o, text);
  return replace(s, o);
}

/** ±50%, never the same number; a whole number stays one. */
function jitter(s: Spot, size: u32): bool {
  const before = parseNumber(s.start, size);
  const factor = 0.5 + uniform();
  const o = output(48);
  if (isInteger(s.start, size)) {
    let after = nearest(before * factor);
    if (after == before) after = before + (random() & 1 ? 1 : -1);
    putF64(o, after, 0);
  } else putF64(o, before * (factor == 1 ? 1.5 : factor), 6);
  return replace(s, o);
}

function boundary(s: Spot, numeric: bool): bool {
  if (numeric) {
    switch (below(9)) {
      case 0:
        return replaceBy(s, '0');
      case 1:
        return replaceBy(s, '-1');
      case 2:
        return replaceBy(s, '2147483647');
      case 3:
        return replaceBy(s, '2147483648');
      case 4:
        return replaceBy(s, '-2147483648');
      case 5:
        return replaceBy(s, '9007199254740993');
      case 6:
        return replaceBy(s, '9223372036854775808');
      case 7:
        return replaceBy(s, '1e308');
      default:
        return replaceBy(s, '-0');
    }
  }
  const quote = s.role < FIELD && s.kind == json.STRING;
  if (s.kind == json.STRING) {
    if (below(2) == 0) return replaceBy(s, quote && !isText(s) ? '""' : '');
    const o = output(1100);
    if (quote && !isText(s)) putByte(o, 34);
    putRepeated(o, 65, 1024);
    if (quote && !isText(s)) putByte(o, 34);
    return replace(s, o);
  }
  if (s.kind == json.ARRAY) return replaceBy(s, '[]');
  if (s.kind == json.OBJECT) return replaceBy(s, '{}');
  return false;
}

/** A plain body, which has no quotes of its own. */
@inline
function isText(s: Spot): bool {
  return s.role == WHOLE && s.kind == json.STRING && load<u8>(s.start) != 34;
}

/** Inserts, removes or replaces one character, never inside an escape or a multi-byte character. */
function stringEdit(s: Spot): bool {
  const bare = s.role >= FIELD || isText(s);
  const from = bare ? s.start : s.start + 1;
  const to = bare ? s.stop : s.stop - 1;
  const what = below(3);
  let p = from + below(<u32>(to - from) + 1);
  // Back to where a character begins.
  while (p > from && p < to && (load<u8>(p) & 0xc0) == 0x80) p--;
  let q = p - 6 > from && p > 6 ? p - 6 : from;
  // An escape is at most six bytes long: read on from a safe place before it.
  while (q > from && load<u8>(q - 1) == 92) q--;
  while (q < p) {
    const n = charSize(q, to, bare, s.role == FIELD);
    if (q + n > p) {
      p = q;
      break;
    }
    q += n;
  }
  const o = output(8);
  if (o.failed) return false;
  if (what == 0 || from == to || p == to) {
    putByte(o, 97 + below(26));
    return edit(p, p, o.ptr, o.len);
  }
  const stop = p + charSize(p, to, bare, s.role == FIELD);
  if (what == 2) {
    let c = 97 + below(26);
    if (stop == p + 1 && <u32>load<u8>(p) == c) c = c == 122 ? 97 : c + 1;
    putByte(o, c);
  }
  return edit(p, stop, o.ptr, o.len);
}

/** Bytes of the character at `p`: an escape, a percent triple of a form, or a UTF-8 sequence. */
function charSize(p: usize, end: usize, bare: bool, form: bool): usize {
  const c: u32 = load<u8>(p);
  let n: usize = 1;
  if (!bare && c == 92) n = p + 1 < end && load<u8>(p + 1) == 117 ? 6 : 2;
  else if (form && c == 37) n = 3;
  else if (c >= 0xc0) while (p + n < end && n < 4 && (load<u8>(p + n) & 0xc0) == 0x80) n++;
  return p + n > end ? end - p : n;
}

function dropSpot(s: Spot, end: usize): bool {
  const comma = commaBefore(s);
  if (comma != 0) return edit(comma, s.stop, 0, 0);
  let p = s.stop;
  if (s.role == HEADER) return edit(s.whole, p + 1, 0, 0);
  if (s.role == FIELD) return edit(s.whole, p < end ? p + 1 : p, 0, 0);
  while (p < end && load<u8>(p) <= 32) p++;
  return edit(s.whole, p < end && load<u8>(p) == 44 ? p + 1 : s.stop, 0, 0);
}

function duplicate(s: Spot): bool {
  // A header's copy stands behind the NUL that ends the first.
  const header = s.role == HEADER;
  const stop = header ? s.stop + 1 : s.stop;
  const size = <u32>(stop - s.whole);
  const o = output(size + 1);
  if (!header) putByte(o, s.role == FIELD ? 38 : 44);
  put(o, s.whole, size);
  return !o.failed && edit(stop, stop, o.ptr, o.len);
}

/** Exchanges two values. */
function swap(i: u32, low: u32): bool {
  if (spots - low < 2) return false;
  let j = low + below(spots - low - 1);
  if (j >= i) j++;
  const s = spot(i);
  const t = otherSpot(j);
  // Neither may hold the other, and equal values would change nothing.
  if (s.start < t.stop && t.start < s.stop) return false;
  const a = <u32>(s.stop - s.start);
  const b = <u32>(t.stop - t.start);
  if (a == b && memory.compare(s.start, t.start, a) == 0) return false;
  if (!edit(s.start, s.stop, t.start, b)) return false;
  // If the other place is taken the first edit stands alone: still a change between fields.
  edit(t.start, t.stop, s.start, a);
  return true;
}

function typeChange(s: Spot, size: u32): bool {
  if (isText(s)) return false;
  if (s.kind == json.STRING) return replaceBy(s, below(2) == 0 ? '0' : '[]');
  if (s.kind == json.NULL) return replaceBy(s, '{}');
  if (s.kind == json.OBJECT) return replaceBy(s, '"object"');
  if (s.kind == json.ARRAY) return replaceBy(s, '{}');
  const o = output(size + 2);
  putByte(o, 34);
  put(o, s.start, size);
  putByte(o, 34);
  return replace(s, o);
}

function nullify(s: Spot): bool {
  if (s.role >= FIELD || isText(s)) return s.start != s.stop && replaceBy(s, '');
  return replaceBy(s, 'null');
}

/** Flips one to three bits of one byte. */
function flip(body: usize, len: u32): bool {
  const at = body + below(len);
  const o = temp(1);
  if (o == 0) return false;
  const mask = (1 << below(8)) | (1 << below(8)) | (1 << below(8));
  store<u8>(o, load<u8>(at) ^ mask);
  return edit(at, at + 1, o, 1);
}

/** Flips bits of one byte of a value in a message's head, where only printable ASCII may stand and nothing that ends the value. */
function garble(s: Spot): bool {
  const size = <u32>(s.stop - s.start);
  if (size == 0) return false;
  const at = s.start + below(size);
  const o = temp(1);
  if (o == 0) return false;
  const before: u32 = load<u8>(at);
  const after = before ^ (1 << below(7)) ^ (1 << below(7));
  // No blank, no `#`, which would end a path.
  if (after == before || after - 33 > 93 || after == 35) return false;
  store<u8>(o, after);
  return edit(at, at + 1, o, 1);
}
