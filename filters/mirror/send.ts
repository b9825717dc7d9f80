import { temp } from '../abi/arena';
import { monotonicNs } from '../abi/call';
import { tally, tallyMany } from '../lib/metrics';
import { httpCall } from '../abi/host';
import { findPair, nextPair, openPairs, Pairs } from '../abi/pairs';
import { put as putTable } from '../abi/table';
import { bytesOf, is, sameFold, seek, sizeOf } from '../abi/text';
import { OK } from '../abi/types';
import { UNREADABLE } from '../lib/body';
import { addNamed, addPair, finishHeaders, HeadersOut, newHeaders } from '../lib/headers';
import { Out, output, put, putHex } from '../lib/out';
import { random } from '../lib/random';
import { flatten, freeChain } from './chain';
import { abandon, failed, freeHead, release } from './copies';
import * as identity from './identity';
import * as metrics from './metrics';
import { isDropped, isIdentityHeader } from './names';
import * as rewrite from './rewrite';
import { Copy, calls, list, listHasFold, Root, rootOf } from './state';

const pairs = changetype<Pairs>(memory.data(offsetof<Pairs>(), 8));
const out: usize = memory.data(8, 8);

/** Headers that `connection` names are hop-by-hop too (RFC 9110, 7.6.1). */
let named: usize = 0;
let namedLen: u32 = 0;

function isNamed(p: usize, n: u32): bool {
  const end = named + namedLen;
  for (let from = named; from < end; ) {
    const comma = seek(from, end, 44);
    let to = comma;
    while (from < to && load<u8>(from) <= 32) from++;
    while (to > from && load<u8>(to - 1) <= 32) to--;
    if (sameFold(from, <u32>(to - from), p, n)) return true;
    from = comma + 1;
  }
  return false;
}

/** One header or trailer as the shadow gets it. False if memory ran out. */
function copyPair(h: HeadersOut, r: Root, name: usize, nameLen: u32, value: usize, valueLen: u32): bool {
  const o = output(valueLen + 64);
  if (is(name, nameLen, ':path')) rewrite.rewritePath(o, r, value, valueLen);
  else if (load<u8>(name) == 58) {
    if (r.authority != 0 && is(name, nameLen, ':authority')) put(o, r.authority, r.authorityLen);
    else put(o, value, valueLen);
  } else if (listHasFold(list(r, offsetof<Root>('redactHeaders')), name, nameLen)) identity.putRedacted(o);
  else if (is(name, nameLen, 'cookie')) rewrite.rewriteCookies(o, r, value, valueLen);
  else if (is(name, nameLen, 'authorization')) {
    const scheme = rewrite.schemeLength(value, valueLen);
    rewrite.rewriteIdentity(o, r, scheme, value, valueLen);
    const who = output(40);
    identity.putPseudonym(who, r, value + scheme, valueLen - scheme);
    addNamed(h, 'x-umbra-identity', who.ptr, who.len);
  } else if (isIdentityHeader(r, name, nameLen)) rewrite.rewriteIdentity(o, r, 0, value, valueLen);
  else rewrite.rewriteHeader(o, r, value, valueLen);
  if (o.failed) return false;
  addPair(h, name, nameLen, o.ptr, o.len);
  return true;
}

/** The header block of the copy, or null if memory ran out. */
function buildHeaders(c: Copy, block: usize, size: u32, twice: bool): Out | null {
  const r = rootOf(c);
  const h = newHeaders();
  if (h === null) return null;
  named = 0;
  namedLen = 0;
  openPairs(pairs, block, size);
  if (findPair(pairs, bytesOf('connection'), sizeOf('connection'))) {
    named = pairs.value;
    namedLen = pairs.valueLen;
  }
  openPairs(pairs, block, size);
  while (nextPair(pairs)) {
    // gRPC servers ask for `te: trailers`; it is the one hop-by-hop header HTTP/2 has (RFC 9113, 8.2.2).
    const te = c.opaque && is(pairs.name, pairs.nameLen, 'te') && is(pairs.value, pairs.valueLen, 'trailers');
    if (pairs.nameLen == 0 || (!te && isDropped(pairs.name, pairs.nameLen))) continue;
    if (namedLen != 0 && load<u8>(pairs.name) != 58 && isNamed(pairs.name, pairs.nameLen)) continue;
    if (!copyPair(h, r, pairs.name, pairs.nameLen, pairs.value, pairs.valueLen)) return null;
  }
  addNamed(h, 'x-umbra-shadow', bytesOf(twice ? '2' : '1'), 1);
  const id = output(16);
  putHex(id, random());
  addNamed(h, 'x-umbra-copy', id.ptr, id.len);
  return finishHeaders(h);
}

function buildTrailers(c: Copy, block: usize, size: u32): Out | null {
  const h = newHeaders();
  if (h === null) return null;
  openPairs(pairs, block, size);
  while (nextPair(pairs)) {
    if (pairs.nameLen == 0 || load<u8>(pairs.name) == 58 || isDropped(pairs.name, pairs.nameLen)) continue;
    if (!copyPair(h, rootOf(c), pairs.name, pairs.nameLen, pairs.value, pairs.valueLen)) return null;
  }
  return finishHeaders(h);
}

/**
 * Sends a copy whose request is complete. Afterwards it is either under way, or gone and counted.
 * @param head the request's header block
 * @param trailers the trailer block, 0 for none
 */
export function send(c: Copy, head: usize, headLen: u32, trailers: usize, trailersLen: u32): void {
  const r = rootOf(c);
  identity.resetCounts();
  rewrite.begin(c.scope);
  let body: usize = 0;
  let bodyLen: u32 = c.length;
  if (bodyLen != 0) {
    body = temp(bodyLen);
    if (body == 0) return abandon(c, metrics.DROPPED_NO_MEMORY);
    flatten(c, body);
    freeChain(c);
    if (c.bodyKind != UNREADABLE) {
      const o = output(bodyLen + 256);
      const read = rewrite.rewriteBody(o, r, c.bodyKind, body, bodyLen);
      if (o.failed) return abandon(c, metrics.DROPPED_NO_MEMORY);
      if (read) {
        body = o.ptr;
        bodyLen = o.len;
      } else if (!c.opaque) return abandon(c, metrics.SKIPPED_UNREADABLE);
    }
  }
  const h = buildHeaders(c, head, headLen, false);
  let t: Out | null = null;
  if (trailers != 0) {
    t = buildTrailers(c, trailers, trailersLen);
    if (t === null) return abandon(c, metrics.DROPPED_NO_MEMORY);
  }
  if (h === null) return abandon(c, metrics.DROPPED_NO_MEMORY);
  if (rewrite.unmapped) return abandon(c, metrics.DROPPED_UNMAPPED);
  tallyMany(metrics.REDACTED, identity.redactions);
  tallyMany(metrics.PSEUDONYMS, identity.pseudonyms);
  tallyMany(metrics.MAPPED, rewrite.mapped);
  if (c.timed) c.called = monotonicNs();
  c.call = callOut(c, h, body, bodyLen, t);
  if (c.call == 0) {
    failed(r);
    return release(c);
  }
  c.sent = true;
  c.heldRequest = c.held;
  tally(metrics.SENT);
  if (c.twice) {
    const again = buildHeaders(c, head, headLen, true);
    if (again !== null) c.second = callOut(c, again, body, bodyLen, t);
  }
  freeHead(c);
}

/** The callout's token, or 0. */
function callOut(c: Copy, h: Out, body: usize, bodyLen: u32, t: Out | null): u32 {
  const r = rootOf(c);
  store<u32>(out, 0);
  const status = httpCall(
    r.cluster,
    r.clusterLen,
    h.ptr,
    h.len,
    body,
    bodyLen,
    t === null ? 0 : t.ptr,
    t === null ? 0 : t.len,
    r.timeoutMs,
    out,
  );
  if (status != OK) return 0;
  const token = load<u32>(out);
  if (token == 0 || !putTable(calls, token, changetype<usize>(c))) return 0;
  return token;
}
