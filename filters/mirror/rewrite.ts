// What leaves: paths, queries, cookies, headers and bodies with secrets redacted, identities replaced by pseudonyms and learned ids
// by the shadow's own.
import { beginsFold, is, seek } from '../abi/text';
import { FORM_BODY, JSON_BODY } from '../lib/body';
import * as json from '../lib/json';
import { temp } from '../abi/arena';
import {
  isPercentEncoded,
  percentDecode,
  putJsonEscaped,
  putPercentEncoded,
  sameAs,
  unescape,
} from '../lib/escape';
import { Out, output, put, putByte, putString } from '../lib/out';
import { follow, isAt } from '../lib/paths';
import { putCredential, putRedacted, putPseudonym } from './identity';
import { found, foundLen, lookup } from './ids';
import { isSecret } from './names';
import { scan, scanFrom } from './patterns';
import { list, listAt, listCount, listHas, Root } from './state';

/** Ids replaced since the last {@link begin}, and whether one was met whose counterpart is not known. */
export let mapped: u32 = 0;
export let unmapped: bool = false;
let scope: u64 = 0;

/** Sets whose ids are meant for the copy to come. */
export function begin(whose: u64): void {
  scope = whose;
  mapped = 0;
  unmapped = false;
}

/** Writes the shadow's id if there is one; false if the value is none of the learned. */
function putMapped(o: Out, r: Root, p: usize, len: u32, everywhere: bool): bool {
  const state = lookup(r, scope, p, len, everywhere);
  if (state == 0) return false;
  if (state < 0) unmapped = true;
  else {
    put(o, found, foundLen);
    mapped++;
  }
  return true;
}

/** Longer values are not looked up. */
const LONGEST_ID: u32 = 256;

/** A plain value: a learned id, or text with patterns replaced. */
function putValue(o: Out, r: Root, p: usize, len: u32): void {
  if (len <= LONGEST_ID && putMapped(o, r, p, len, false)) return;
  scan(o, r, p, p + len);
}

/**
 * A value in which bytes may be escaped: judged by what it stands for, and written anew only if that changes it, so that what
 * holds no secret leaves byte for byte.
 */
function putEncoded(o: Out, r: Root, p: usize, len: u32, plus: bool): void {
  if (!isPercentEncoded(p, len, plus)) {
    putValue(o, r, p, len);
    return;
  }
  putDecoded(o, r, p, len, plus ? FORM : PERCENT);
}

// How a value is written.
const PERCENT: u32 = 0;
const FORM: u32 = 1;
const JSON_STRING: u32 = 2;

function putDecoded(o: Out, r: Root, p: usize, len: u32, how: u32): void {
  const plain = temp(len);
  const after = output(len);
  if (plain == 0) {
    o.failed = true;
    return;
  }
  const n = how == JSON_STRING ? unescape(p, p + len, plain) : percentDecode(p, len, plain, how == FORM);
  putValue(after, r, plain, n);
  if (after.failed) o.failed = true;
  else if (sameAs(after, plain, n)) put(o, p, len);
  else if (how == JSON_STRING) putJsonEscaped(o, after.ptr, after.len);
  else putPercentEncoded(o, after.ptr, after.len);
}

/** A parameter's name as it is meant. */
function isSecretParameter(r: Root, p: usize, len: u32): bool {
  if (isPercentEncoded(p, len, true)) {
    const plain = temp(len);
    if (plain == 0) return true;
    len = percentDecode(p, len, plain, true);
    p = plain;
  }
  return isSecret(r, offsetof<Root>('redactQuery'), p, len);
}

/** A path with its query. */
export function rewritePath(o: Out, r: Root, p: usize, len: u32): void {
  const end = p + len;
  const query = seek(p, end, 63);
  while (p < query) {
    const q = seek(p, query, 47);
    if (q != p) putEncoded(o, r, p, <u32>(q - p), false);
    if (q < query) putByte(o, 47);
    p = q + 1;
  }
  if (query == end) return;
  putByte(o, 63);
  rewriteForm(o, r, query + 1, <u32>(end - query - 1));
}

/** `a=1&b=2`: a query or a form. */
export function rewriteForm(o: Out, r: Root, p: usize, len: u32): void {
  const end = p + len;
  while (p < end) {
    const q = seek(p, end, 38);
    const equals = seek(p, q, 61);
    if (equals == q) putEncoded(o, r, p, <u32>(q - p), true);
    else {
      const value = equals + 1;
      put(o, p, <u32>(value - p));
      if (!isSecretParameter(r, p, <u32>(equals - p))) putEncoded(o, r, value, <u32>(q - value), true);
      else if (!putMapped(o, r, value, <u32>(q - value), true)) putRedacted(o);
    }
    if (q < end) putByte(o, 38);
    p = q + 1;
  }
}

/** Length of `Bearer ` and the like, 0 if there is none: then all of it is the credential. */
export function schemeLength(p: usize, len: u32): u32 {
  const end = p + len;
  const limit = p + <usize>(len < 16 ? len : 16);
  let q = seek(p, limit, 32);
  if (q == limit) return 0;
  while (q < end && load<u8>(q) == 32) q++;
  return q < end ? <u32>(q - p) : 0;
}

/**
 * A credential: the shadow's own if it was learned, else a pseudonym.
 * @param scheme length of its scheme, which stays
 */
export function rewriteIdentity(o: Out, r: Root, scheme: u32, p: usize, len: u32): void {
  put(o, p, scheme);
  if (!putMapped(o, r, p + scheme, len - scheme, true)) putCredential(o, r, beginsFold(p, scheme, 'basic'), p + scheme, len - scheme);
}

/** `a=1; b=2`. Every value is a credential unless its name is declared plain; one that the server sets must be learned. */
export function rewriteCookies(o: Out, r: Root, p: usize, len: u32): void {
  const end = p + len;
  while (p < end) {
    const q = seek(p, end, 59);
    const equals = seek(p, q, 61);
    let name = p;
    while (name < q && load<u8>(name) == 32) name++;
    if (equals == q) {
      put(o, p, <u32>(name - p));
      if (name < q) putRedacted(o);
    } else {
      const value = equals + 1;
      put(o, p, <u32>(value - p));
      const nameLen = <u32>(equals - name);
      if (listHas(list(r, offsetof<Root>('plainCookies')), name, nameLen)) scan(o, r, value, q);
      else if (!putMapped(o, r, value, <u32>(q - value), true)) {
        if (listHas(list(r, offsetof<Root>('learnCookies')), name, nameLen)) unmapped = true;
        else putPseudonym(o, r, value, <u32>(q - value));
      }
    }
    if (q < end) putByte(o, 59);
    p = q + 1;
  }
}

/** Any other header. A referer or origin is a URL. */
export function rewriteHeader(o: Out, r: Root, name: usize, nameLen: u32, p: usize, len: u32): void {
  if (is(name, nameLen, 'referer')) {
    // Up to the path of `scheme://authority/path?query`.
    const query = seek(p, p + len, 63);
    let path = seek(seek(seek(p, query, 47) + 1, query, 47) + 1, query, 47);
    if (path > query) path = query;
    scan(o, r, p, path);
    rewritePath(o, r, path, <u32>(p + len - path));
  } else scan(o, r, p, p + len);
}

/** False if the bytes are not what their kind says: then nothing is known of what they hide, and they must not leave. */
export function rewriteBody(o: Out, r: Root, kind: u32, p: usize, len: u32): bool {
  if (kind == JSON_BODY) return rewriteJson(o, r, p, len);
  if (kind == FORM_BODY) rewriteForm(o, r, p, len);
  else rewriteText(o, r, p, len);
  return true;
}

/** Browsers send JSON as text/plain too; what is not JSON is looked through for patterns. */
function rewriteText(o: Out, r: Root, p: usize, len: u32): void {
  const first: u32 = len == 0 ? 0 : load<u8>(p);
  if (first == 123 || first == 91) {
    const before = o.len;
    if (rewriteJson(o, r, p, len)) return;
    o.len = before;
  }
  scan(o, r, p, p + len);
}

/** A field whose number may be an id. */
function isIdName(p: usize, len: u32): bool {
  return len >= 2 && (load<u8>(p + len - 2) | 32) == 105 && (load<u8>(p + len - 1) | 32) == 100;
}

/** Whether the configuration names the place of a value in so many containers. */
function isDeclared(r: Root, depth: u32): bool {
  const all = list(r, offsetof<Root>('redactPaths'));
  for (let i: u32 = 0; i < listCount(all); i++) if (isAt(listAt(all, i).ptr, listAt(all, i).len, depth)) return true;
  return false;
}

function rewriteJson(o: Out, r: Root, p: usize, len: u32): bool {
  const end = p + len;
  let from = p;
  let key: usize = 0;
  let keyLen: u32 = 0;
  let secret = false;
  /** Everything at this depth or below is secret; 0 = no. */
  let secretDepth: u32 = 0;
  const places = r.redactPathsCount != 0;
  json.open(p, len);
  while (true) {
    const t = json.next();
    if (t == json.ERROR) return false;
    if (t == json.END) break;
    if (places) follow(t);
    if (t == json.KEY) {
      key = json.start + 1;
      keyLen = <u32>(json.stop - json.start - 2);
      secret = json.escaped || isSecret(r, offsetof<Root>('redactFields'), key, keyLen);
      continue;
    }
    if (t == json.OBJECT || t == json.ARRAY) {
      if (secretDepth == 0 && (secret || (places && isDeclared(r, json.depth - 1)))) secretDepth = json.depth;
      secret = false;
      continue;
    }
    if (t == json.OBJECT_END || t == json.ARRAY_END) {
      if (json.depth < secretDepth) secretDepth = 0;
      continue;
    }
    const start = json.start;
    const stop = json.stop;
    const hide = secret || secretDepth != 0 || (places && isDeclared(r, json.depth));
    secret = false;
    if (t == json.STRING) {
      const n = <u32>(stop - start - 2);
      if (!hide && !json.escaped && (n > LONGEST_ID || lookup(r, scope, start + 1, n, false) == 0)) {
        from = scanFrom(o, r, from, start + 1, stop - 1);
        continue;
      }
      put(o, from, <u32>(start + 1 - from));
      if (hide) {
        if (!putMapped(o, r, start + 1, n, true)) putRedacted(o);
      } else if (json.escaped) putDecoded(o, r, start + 1, n, JSON_STRING);
      else putMapped(o, r, start + 1, n, false);
      from = stop - 1;
    } else if (t == json.NUMBER) {
      const n = <u32>(stop - start);
      const id = key != 0 && isIdName(key, keyLen);
      if (hide || id || n >= 13) {
        put(o, from, <u32>(start - from));
        from = stop;
        if (hide) {
          putByte(o, 48);
        } else if (!(id && putMapped(o, r, start, n, false))) scan(o, r, start, stop);
      }
    } else if (hide && t != json.NULL) {
      put(o, from, <u32>(start - from));
      putString(o, 'null');
      from = stop;
    }
  }
  put(o, from, <u32>(end - from));
  return true;
}
