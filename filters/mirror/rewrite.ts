// What leaves: paths, queries, cookies, headers and bodies with secrets redacted, identities replaced by pseudonyms and learned ids
// by the shadow's own.
import { beginsFold, seek } from '../abi/text';
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
import { scan } from './patterns';
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

/** A plain value: a learned id, or text with patterns replaced. */
function putValue(o: Out, r: Root, p: usize, len: u32): void {
  if (putMapped(o, r, p, len, false)) return;
  scan(o, r, p, p + len);
}

/**
 * A value in which bytes may be escaped: judged by what it stands for, and written anew only if that changes it, so that what
 * holds no secret leaves byte for byte.
 */
function putEncoded(o: Out, r: Root, p: usize, len: u32, how: u32): void {
  if (isPercentEncoded(p, len, how == FORM)) putDecoded(o, r, p, len, how);
  else if (how == PLAIN) scan(o, r, p, p + len);
  else putValue(o, r, p, len);
}

// How a value is written; what is plain, and rarely encoded, is no id by itself: `dnt: 1`.
const PERCENT: u32 = 0;
const FORM: u32 = 1;
const JSON_STRING: u32 = 2;
const PLAIN: u32 = 3;

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
  rewriteParts(o, r, p, query, 47);
  if (query == end) return;
  putByte(o, 63);
  rewriteParts(o, r, query + 1, end, 38);
}

/**
 * What stands between slashes in a path, `&` in a query or form, or commas in a header: names and values. `;` parts them as well, but a secret goes up to
 * where all servers take it to end.
 */
function rewriteParts(o: Out, r: Root, p: usize, end: usize, separator: u32): void {
  const how = separator == 38 ? FORM : separator == 44 ? PLAIN : PERCENT;
  let last = p;
  while (p < end) {
    if (p >= last) last = seek(p, end, separator);
    let q = seek(p, last, 59);
    const equals = seek(p, q, 61);
    putEncoded(o, r, p, <u32>(equals - p), how);
    if (equals != q) {
      const value = equals + 1;
      putByte(o, 61);
      if (isSecretParameter(r, p, <u32>(equals - p))) {
        q = last;
        if (!putMapped(o, r, value, <u32>(q - value), true)) putRedacted(o);
      } else putEncoded(o, r, value, <u32>(q - value), how);
    }
    if (q < end) putByte(o, load<u8>(q));
    p = q + 1;
  }
}

const SCHEMES = words`bearer basic digest token`;

/** Length of `Bearer ` and the like, 0 if there is none: then all of it is the credential. */
export function schemeLength(p: usize, len: u32): u32 {
  let word = changetype<usize>(SCHEMES);
  for (let n: u32 = load<u8>(word); n != 0; n = load<u8>(word)) {
    if (beginsFold(p, len, changetype<string>(word))) {
      const scheme = n;
      while (n < len && load<u8>(p + n) == 32) n++;
      return n > scheme && n < len ? n : 0;
    }
    word += n + 1;
  }
  return 0;
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
      if (listHas(list(r, offsetof<Root>('plainCookies')), name, nameLen)) putEncoded(o, r, value, <u32>(q - value), PERCENT);
      else if (!putMapped(o, r, value, <u32>(q - value), true)) {
        if (listHas(list(r, offsetof<Root>('learnCookies')), name, nameLen)) unmapped = true;
        else putPseudonym(o, r, value, <u32>(q - value));
      }
    }
    if (q < end) putByte(o, 59);
    p = q + 1;
  }
}

/** Any other header. What begins with a slash is taken for a path, `scheme://` for a URL, anything else for a list as `baggage` is one. */
export function rewriteHeader(o: Out, r: Root, p: usize, len: u32): void {
  const end = p + len;
  let path = p;
  const host = seek(p, end, 58) + 3;
  if (load<u8>(p) != 47 && host <= end && load<u16>(host - 2) == 0x2f2f) {
    // Up to the path of `scheme://user@authority/path?query`.
    path = seek(host, seek(host, end, 63), 47);
    const at = seek(p, path, 64);
    if (at != path) putRedacted(o);
    scan(o, r, at == path ? p : at, path);
  }
  if (path != end && (path != p || load<u8>(p) == 47)) rewritePath(o, r, path, <u32>(end - path));
  else rewriteParts(o, r, path, end, 44);
}

/** False if the bytes are not what their kind says: then nothing is known of what they hide, and they must not leave. */
export function rewriteBody(o: Out, r: Root, kind: u32, p: usize, len: u32): bool {
  if (kind == JSON_BODY) return rewriteJson(o, r, p, len);
  if (kind == FORM_BODY) rewriteParts(o, r, p, p + len, 38);
  else rewriteText(o, r, p, len);
  return true;
}

/** Browsers send JSON as text/plain too, and logs are lines of it; what is not JSON is looked through for patterns. */
function rewriteText(o: Out, r: Root, p: usize, len: u32): void {
  const end = p + len;
  // A byte order mark, or another sign that is no blank and as long.
  if (len > 3 && load<u8>(p) == 0xef) {
    put(o, p, 3);
    p += 3;
  }
  if (tryJson(o, r, p, end)) return;
  while (p < end) {
    let next = seek(p, end, 10) + 1;
    if (next > end) next = end;
    if (!tryJson(o, r, p, next)) scan(o, r, p, next);
    p = next;
  }
}

/** Writes nothing if it is no JSON. */
function tryJson(o: Out, r: Root, p: usize, end: usize): bool {
  const before = o.len;
  if (rewriteJson(o, r, p, <u32>(end - p))) return true;
  o.len = before;
  return false;
}

/** A field whose number may be an id. */
function isIdName(p: usize, len: u32): bool {
  return len >= 2 && (load<u16>(p + len - 2) | 0x2020) == 0x6469;
}

/** Whether the configuration names the place of a value in so many containers. */
function isDeclared(r: Root, depth: u32): bool {
  const all = list(r, offsetof<Root>('redactPaths'));
  for (let i: u32 = 0; i < listCount(all); i++) if (isAt(listAt(all, i).ptr, listAt(all, i).len, depth)) return true;
  return false;
}

/** The inside of the string or key that was last read. */
function putText(o: Out, r: Root): void {
  const n = <u32>(json.stop - json.start - 2);
  if (json.escaped) putDecoded(o, r, json.start + 1, n, JSON_STRING);
  else putValue(o, r, json.start + 1, n);
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
      put(o, from, <u32>(key - from));
      putText(o, r);
      from = json.stop - 1;
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
      put(o, from, <u32>(start + 1 - from));
      if (!hide) putText(o, r);
      else if (!putMapped(o, r, start + 1, <u32>(stop - start - 2), true)) putRedacted(o);
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
