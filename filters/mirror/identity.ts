import { bytesOf } from '../abi/text';
import { putBase64 } from '../lib/escape';
import { Out, output, put, putHex, putString } from '../lib/out';
import { high, low, siphash } from '../lib/siphash';
import { Root } from './state';

// What the one key is used for; each use has values of its own.
const PSEUDONYM: u64 = 1;
const CARD: u64 = 2;
const SESSION: u64 = 3;
const ID: u64 = 4;

/** Replacements since the last {@link resetCounts}; counted once per copy, not one host call each. */
export let redactions: u32 = 0;
export let pseudonyms: u32 = 0;

export function resetCounts(): void {
  redactions = 0;
  pseudonyms = 0;
}

/** `umbra-` and 32 hexadecimal digits: the same for the same value under the same key, in every Envoy. */
export function putPseudonym(o: Out, r: Root, p: usize, len: u32): void {
  siphash(r.key0, r.key1, p, len, PSEUDONYM);
  putString(o, 'umbra-');
  putHex(o, high);
  putHex(o, low);
  pseudonyms++;
}

/** A credential's pseudonym; in the Basic scheme as user and password, so that it can be read as such. */
export function putCredential(o: Out, r: Root, basic: bool, p: usize, len: u32): void {
  const inner = basic ? output(64) : o;
  putPseudonym(inner, r, p, len);
  if (!basic) return;
  putString(inner, ':umbra');
  if (inner.failed) o.failed = true;
  else putBase64(o, inner.ptr, inner.len);
}

/** An e-mail address nobody has (RFC 2606), stable per address. */
export function putEmail(o: Out, r: Root, p: usize, len: u32): void {
  siphash(r.key0, r.key1, p, len, PSEUDONYM);
  putString(o, 'umbra-');
  putHex(o, high);
  putString(o, '@example.invalid');
  pseudonyms++;
}

/** The sum of a card number's digits that is a multiple of ten in a right one (Luhn); 0 for zeros alone. `digits` in ASCII. */
export function luhn(digits: usize, n: u32): u32 {
  let sum: u32 = 0;
  for (; n > 0; n--, digits++) {
    let d: u32 = <u32>load<u8>(digits) - 48;
    if ((n & 1) == 0) {
      d *= 2;
      if (d > 9) d -= 9;
    }
    sum += d;
  }
  return sum;
}

const made: usize = memory.data(16, 8);

/** A card number of sixteen digits under the test prefix 400000 with a right check digit, stable per number (`digits`, one a byte). */
export function putCard(o: Out, r: Root, digits: usize, len: u32): void {
  siphash(r.key0, r.key1, digits, len, CARD);
  memory.copy(made, bytesOf('400000'), 6);
  let h = high;
  for (let i: usize = 6; i < 15; i++) {
    store<u8>(made + i, 48 + <u32>(h % 10));
    h /= 10;
  }
  store<u8>(made + 15, 48);
  store<u8>(made + 15, 48 + ((10 - (luhn(made, 16) % 10)) % 10));
  put(o, made, 16);
  redactions++;
}

export function putRedacted(o: Out): void {
  putString(o, 'redacted');
  redactions++;
}

/** The number a session is sampled by and its ids are kept under; never 0. */
export function sessionHash(r: Root, p: usize, len: u32): u64 {
  siphash(r.key0, r.key1, p, len, SESSION);
  return high | 1;
}

/** Leaves the key under which an id of a scope is kept in `high` and `low` of siphash. */
export function idKey(r: Root, scope: u64, p: usize, len: u32): void {
  siphash(r.key0 ^ scope, r.key1, p, len, ID);
}
