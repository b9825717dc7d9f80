// Secrets by their look: card numbers, bearer and JSON web tokens, e-mail addresses. One pass, bounded look-ahead: every byte is
// looked at a constant number of times however the text is made. Callers undo escapes first.
import { beginsFold, inAlphabet } from '../abi/text';
import { Out, put } from '../lib/out';
import { luhn, putCard, putEmail, putPseudonym } from './identity';
import { Root } from './state';

const digits: usize = memory.data(24, 8);

@inline
function isDigit(c: u32): bool {
  return c - 48 < 10;
}

/** RFC 6750's b64token, which covers JWT's alphabet. */
const TOKEN = 'aA0-._~+/=';
const LOCAL_PART = 'aA0._+-';

/** Copies `[p, end)` to `o` with what looks like a secret replaced. */
export function scan(o: Out, r: Root, p: usize, end: usize): void {
  let from = p;
  let inside = false;
  while (p < end) {
    const c: u32 = load<u8>(p);
    const word = isDigit(c) || (c | 32) - 97 < 26;
    // Secrets begin where a word does.
    if (word && !inside) {
      let stop: usize = 0;
      if (isDigit(c)) {
        if (r.cards) stop = card(o, r, from, p, end);
      } else if (r.bearer) stop = token(o, r, from, p, end);
      if (stop == 0 && r.emails) stop = email(o, r, from, p, end);
      if (stop != 0) {
        p = stop;
        from = stop;
        continue;
      }
    }
    inside = word;
    p++;
  }
  put(o, from, <u32>(end - from));
}

/** Whether the digits collected have a right check digit. Zeros alone have one too, but are no card. */
function isCard(n: u32): bool {
  const sum = luhn(digits, n);
  return sum != 0 && sum % 10 == 0;
}

let cardLen: u32 = 0;

/** 13 to 19 digits in one or more groups: the most groups that make a card, whose digits are left in `digits`; its end, or 0. */
function cardEnd(p: usize, end: usize): usize {
  let n: u32 = 0;
  let stop: usize = 0;
  while (p < end && n < 19) {
    store<u8>(digits + n++, load<u8>(p++));
    if (p < end && isDigit(load<u8>(p))) continue;
    // The end of a group.
    if (n >= 13 && isCard(n)) {
      stop = p;
      cardLen = n;
    }
    if (p + 1 >= end || !isDigit(load<u8>(p + 1)) || !inAlphabet(load<u8>(p), ' -.')) break;
    p++;
  }
  return stop;
}

/** A card's end, or 0. One that begins within what looks like one is not to be cut in two: all of both goes. */
function card(o: Out, r: Root, from: usize, p: usize, end: usize): usize {
  let stop = cardEnd(p, end);
  if (stop == 0) return 0;
  const length = cardLen;
  put(o, from, <u32>(p - from));
  const first = p;
  for (p++; p < stop; p++) {
    if (isDigit(load<u8>(p - 1))) continue;
    const other = cardEnd(p, end);
    if (other > stop) stop = other;
  }
  cardEnd(first, end);
  putCard(o, r, digits, length);
  return stop;
}

/** `bearer TOKEN`, or a JSON web token by itself; its end, or 0. */
function token(o: Out, r: Root, from: usize, p: usize, end: usize): usize {
  let q = p;
  const left = <u32>(end - p);
  const bearer = beginsFold(p, left, 'bearer');
  if (bearer) {
    q += 6;
    if (q == end || load<u8>(q) != 32) return 0;
    while (q < end && load<u8>(q) == 32) q++;
  } else if (!(left >= 20 && load<u8>(p) == 101 && load<u8>(p + 1) == 121 && load<u8>(p + 2) == 74)) return 0;
  const value = q;
  let dots: u32 = 0;
  while (q < end && inAlphabet(load<u8>(q), TOKEN)) if (load<u8>(q++) == 46) dots++;
  if (q - value < 8 || (!bearer && dots < 1)) return 0;
  put(o, from, <u32>(value - from));
  putPseudonym(o, r, value, <u32>(q - value));
  return q;
}

/** `local@domain.tld`; its end, or 0. */
function email(o: Out, r: Root, from: usize, p: usize, end: usize): usize {
  // RFC 5321: a local part has at most 64 bytes.
  let q = p;
  while (q < end && q - p <= 64 && inAlphabet(load<u8>(q), LOCAL_PART)) q++;
  if (q == end || load<u8>(q) != 64) return 0;
  const domain = ++q;
  let dot = false;
  while (q < end && q - domain < 254) {
    const c: u32 = load<u8>(q);
    if (c == 46 && q + 1 < end && inAlphabet(load<u8>(q + 1), 'aA0')) dot = true;
    else if (!inAlphabet(c, 'aA0-')) break;
    q++;
  }
  if (!dot) return 0;
  put(o, from, <u32>(p - from));
  putEmail(o, r, p, <u32>(q - p));
  return q;
}
