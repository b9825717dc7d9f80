// One production stream: sampled, gathered while it passes, sent when it is complete. Nothing here can hold it back.
import { temp } from '../abi/arena';
import * as call from '../abi/call';
import { count } from '../lib/metrics';
import { give, take } from '../abi/heap';
import { nextPair, openPairs, Pairs } from '../abi/pairs';
import { remove } from '../abi/table';
import { ascii, is, same, startsWith, Text } from '../abi/text';
import * as abi from '../abi/types';
import { digestJson } from '../lib/digest';
import { parseNumber } from '../lib/number';
import { newOut, Out, put } from '../lib/out';
import { mix } from '../lib/random';
import { append, flatten, freeChain } from './chain';
import { keepIds, settle, teach } from './compare';
import { abandon, hold, land, newCopy, release } from './copies';
import { extractHeader, extractJson } from './extract';
import { sessionHash } from './identity';
import * as metrics from './metrics';
import { bodyKind, JSON_BODY, UNREADABLE } from './rewrite';
import { send } from './send';
import * as state from './state';
import { Copy, calls, list, listHas, listHasPrefixOf, Root, rootOf, streams } from './state';

const COOKIE = ascii('cookie');
const name = changetype<Text>(memory.data(offsetof<Text>(), 8));
const pairs = changetype<Pairs>(memory.data(offsetof<Pairs>(), 8));

let draws: u64 = 0;

/** Whatever seeds the draws: the time of the first configuration. */
export function seedSampling(seed: u64): void {
  draws = seed;
}

function draw(): u64 {
  draws += 0x9e3779b97f4a7c15;
  return mix(draws) >> 32;
}

/** The value of one cookie of a cookie header into `name`'s sibling span; false if it is not there. */
let found: usize = 0;
let foundLen: u32 = 0;
function cookieValue(p: usize, len: u32, want: usize, wantLen: u32): bool {
  const end = p + len;
  while (p < end) {
    while (p < end && (load<u8>(p) == 32 || load<u8>(p) == 59)) p++;
    let q = p;
    let equals: usize = 0;
    while (q < end && load<u8>(q) != 59) {
      if (equals == 0 && load<u8>(q) == 61) equals = q;
      q++;
    }
    if (equals != 0 && same(p, <u32>(equals - p), want, wantLen)) {
      found = equals + 1;
      foundLen = <u32>(q - equals - 1);
      return true;
    }
    p = q + 1;
  }
  return false;
}

/** The session's number by one host call; 0 if the request has none. */
function session(r: Root): u64 {
  if (r.session == state.SESSION_NONE) return 0;
  if (r.session == state.SESSION_COOKIE) {
    if (!call.header(abi.REQUEST_HEADERS, COOKIE) || !cookieValue(call.ptr, call.len, r.sessionName, r.sessionNameLen)) return 0;
    return foundLen == 0 ? 0 : sessionHash(r, found, foundLen);
  }
  name.ptr = r.sessionName;
  name.len = r.sessionNameLen;
  if (!call.header(abi.REQUEST_HEADERS, name) || call.len == 0) return 0;
  return sessionHash(r, call.ptr, call.len);
}

/** Decides by weight alone, before any host call; sessions by one. */
@inline
export function sampledByWeight(r: Root): bool {
  return r.share != 0 && (r.session != state.SESSION_NONE || draw() < r.share);
}

export function requestHeaders(r: Root, id: u32, end: bool): void {
  const whose = session(r);
  if (r.session != state.SESSION_NONE && (whose == 0 ? draw() : mix(whose) >> 32) >= r.share) return;
  if (r.inFlight >= r.maxInFlight || r.records >= r.maxInFlight * RECORDS) {
    count(metrics.SAMPLED);
    count(metrics.DROPPED_IN_FLIGHT);
    return;
  }
  if (!call.headers(abi.REQUEST_HEADERS)) return;
  const block = call.ptr;
  const size = call.len;
  const verdict = look(r, block, size, end);
  if (verdict == NO_MATCH) return;
  count(metrics.SAMPLED);
  if (verdict != 0) {
    count(verdict);
    return;
  }
  const c = newCopy(r, id);
  if (c === null) {
    count(metrics.DROPPED_NO_MEMORY);
    return;
  }
  c.begun = call.monotonicNs();
  c.scope = whose != 0 ? whose : scope;
  c.bodyKind = kind;
  c.route = route;
  c.opaque = opaque;
  c.twice = safe && r.twice != 0 && draw() < r.twice;
  if (!hold(c, size)) return abandon(c, metrics.DROPPED_BYTES_HELD);
  if (end) {
    send(c, block, size, 0, 0, kind, c.twice);
    return;
  }
  const head = take(size);
  if (head == 0) return abandon(c, metrics.DROPPED_NO_MEMORY);
  memory.copy(head, block, size);
  c.head = head;
  c.headLen = size;
}

/** Records a configuration may have for each copy in flight: answers of production that go on and on must not pile up. */
const RECORDS: u32 = 16;
const NO_MATCH: u32 = 0xffffffff;
let kind: u32 = 0;
let safe: bool = false;
let scope: u64 = 0;
let route: usize = 0;
let opaque: bool = false;

/** One pass over the headers: 0 = copy it, NO_MATCH = not meant, else the counter of the reason it is skipped. */
function look(r: Root, block: usize, size: u32, end: bool): u32 {
  kind = UNREADABLE;
  safe = false;
  scope = 0;
  let path: usize = 0;
  let pathLen: u32 = 0;
  let encoded = false;
  let upgrade = false;
  let loop = false;
  let tooLarge = false;
  let matched = r.matchName == 0;
  openPairs(pairs, block, size);
  while (nextPair(pairs)) {
    const p = pairs.name;
    const n = pairs.nameLen;
    const v = pairs.value;
    const m = pairs.valueLen;
    if (!matched && same(p, n, r.matchName, r.matchNameLen))
      matched = r.matchValue == 0 || same(v, m, r.matchValue, r.matchValueLen);
    switch (n) {
      case 5:
        if (is(p, n, ':path')) {
          path = v;
          pathLen = m;
        }
        break;
      case 7:
        if (is(p, n, ':method')) {
          if (r.methodsCount != 0 && !listHas(list(r, offsetof<Root>('methods')), v, m)) return NO_MATCH;
          safe = is(v, m, 'GET') || is(v, m, 'HEAD') || is(v, m, 'OPTIONS');
          if (is(v, m, 'CONNECT')) upgrade = true;
        } else if (is(p, n, 'upgrade') && m != 0) upgrade = true;
        break;
      case 9:
        if (is(p, n, ':protocol')) upgrade = true;
        break;
      case 12:
        if (is(p, n, 'content-type')) kind = bodyKind(v, m);
        break;
      case 13:
        if (is(p, n, 'authorization')) scope = sessionHash(r, v, m);
        break;
      case 14:
        if (is(p, n, 'content-length')) tooLarge = parseNumber(v, m) > <f64>r.maxBody;
        else if (is(p, n, 'x-umbra-shadow')) loop = true;
        break;
      case 16:
        if (is(p, n, 'content-encoding') && !is(v, m, 'identity')) encoded = true;
        break;
      default:
        break;
    }
  }
  if (!matched) return NO_MATCH;
  if (r.prefixesCount != 0 && !listHasPrefixOf(list(r, offsetof<Root>('prefixes')), path, pathLen)) return NO_MATCH;
  if (r.excludedCount != 0 && listHasPrefixOf(list(r, offsetof<Root>('excluded')), path, pathLen)) return NO_MATCH;
  route = 0;
  for (let i: u32 = 0; i < r.routesCount; i++) {
    const at = r.routes + <usize>i * 12;
    if (startsWith(path, pathLen, load<u32>(at), load<u32>(at, 4))) {
      route = load<u32>(at, 8);
      break;
    }
  }
  if (loop) return metrics.SKIPPED_LOOP;
  if (upgrade) return metrics.SKIPPED_UPGRADE;
  if (tooLarge) return metrics.DROPPED_BODY_TOO_LARGE;
  if (encoded) kind = UNREADABLE;
  opaque = listHasPrefixOf(list(r, offsetof<Root>('opaque')), path, pathLen);
  if (!end && kind == UNREADABLE && !opaque) return metrics.SKIPPED_UNREADABLE;
  return 0;
}

/** Appends what has come of a body, within the caps. False = the copy was given up and is gone. */
function gather(c: Copy, buffer: u32, size: u32): bool {
  if (size == 0) return true;
  if (c.length + size > rootOf(c).maxBody) {
    abandon(c, metrics.DROPPED_BODY_TOO_LARGE);
    return false;
  }
  if (!hold(c, size)) {
    abandon(c, metrics.DROPPED_BYTES_HELD);
    return false;
  }
  if (!call.bytes(buffer, 0, size)) return true;
  if (!append(c, call.ptr, call.len)) {
    abandon(c, metrics.DROPPED_NO_MEMORY);
    return false;
  }
  return true;
}

export function requestBody(c: Copy, size: u32, end: bool): void {
  if (c.sent || c.head == 0) return;
  if (!gather(c, abi.REQUEST_BODY, size)) return;
  if (end) send(c, c.head, c.headLen, 0, 0, c.bodyKind, c.twice);
}

export function requestTrailers(c: Copy): void {
  if (c.sent || c.head == 0) return;
  if (call.headers(abi.REQUEST_TRAILERS)) send(c, c.head, c.headLen, call.ptr, call.len, c.bodyKind, c.twice);
  else send(c, c.head, c.headLen, 0, 0, c.bodyKind, c.twice);
}

/** What an answer's headers say; its ids go to `o`. */
let status: u32 = 0;
let answerJson: bool = false;
/**
 * The router notes on every answer how long the upstream took; what this Envoy answers itself (no connection, time-out, circuit
 * breaker) has no such note.
 */
let upstream: bool = false;
function readAnswer(r: Root, map: u32, o: Out | null): void {
  status = 0;
  answerJson = false;
  upstream = false;
  if (!call.headers(map)) return;
  openPairs(pairs, call.ptr, call.len);
  let encoded = false;
  while (nextPair(pairs)) {
    if (is(pairs.name, pairs.nameLen, ':status')) status = <u32>parseNumber(pairs.value, pairs.valueLen);
    else if (is(pairs.name, pairs.nameLen, 'content-type')) answerJson = bodyKind(pairs.value, pairs.valueLen) == JSON_BODY;
    else if (is(pairs.name, pairs.nameLen, 'content-encoding')) encoded = !is(pairs.value, pairs.valueLen, 'identity');
    else if (is(pairs.name, pairs.nameLen, 'x-envoy-upstream-service-time')) upstream = true;
    else if (o !== null) extractHeader(o, r, pairs.name, pairs.nameLen, pairs.value, pairs.valueLen);
  }
  if (encoded) answerJson = false;
}

export function responseHeaders(c: Copy, end: bool): void {
  // Answered before the request was complete: there is no whole request to copy.
  if (!c.sent) return abandon(c, metrics.DROPPED_ABORTED);
  const r = rootOf(c);
  const o = newOut(128);
  readAnswer(r, abi.RESPONSE_HEADERS, o);
  c.prodStatus = status;
  c.gathers = answerJson && (r.compareBody || r.learnPathsCount != 0);
  if (o !== null) keepIds(c, o, true);
  if (end) production(c);
}

/** Production's answer is complete. */
function production(c: Copy): void {
  const r = rootOf(c);
  c.prodDone = true;
  c.prodNs = call.monotonicNs() - c.begun;
  if (c.gathers && c.length != 0) {
    const body = temp(c.length);
    if (body != 0) {
      flatten(c, body);
      if (r.compareBody) c.prodDigest = digestJson(body, c.length);
      if (r.learnPathsCount != 0) addIds(c, r, body, c.length, true);
    }
    freeChain(c);
  }
  teach(c);
  settle(c);
}

/** Adds the ids of a body to those of the headers. */
function addIds(c: Copy, r: Root, body: usize, length: u32, mine: bool): void {
  const o = newOut(256);
  if (o === null) return;
  const old = mine ? c.prodIds : c.shadowIds;
  const oldLen = mine ? c.prodIdsLen : c.shadowIdsLen;
  if (old != 0) put(o, old, oldLen);
  extractJson(o, r, body, length);
  if (o.len == oldLen) return;
  if (old != 0) give(old, oldLen);
  if (mine) c.prodIds = 0;
  else c.shadowIds = 0;
  keepIds(c, o, mine);
}

export function responseBody(c: Copy, size: u32, end: bool): void {
  if (!c.sent) return;
  if (c.gathers && size != 0) {
    // Over a cap the answer is no longer gathered, and compared by status alone.
    if (c.length + size > rootOf(c).maxBody || !hold(c, size) || !call.bytes(abi.RESPONSE_BODY, 0, size) || !append(c, call.ptr, call.len)) {
      c.gathers = false;
      freeChain(c);
    }
  }
  if (end) production(c);
}

export function responseTrailers(c: Copy): void {
  if (c.sent && !c.prodDone) production(c);
}

/** The production stream has ended, whole or not. */
export function streamEnded(id: u32): void {
  const p = remove(streams, id);
  if (p == 0) return;
  const c = changetype<Copy>(p);
  c.stream = 0;
  if (!c.sent) return abandon(c, metrics.DROPPED_ABORTED);
  if (!c.prodDone) {
    c.prodBroken = true;
    settle(c);
  }
}

/** The shadow has answered, or will not: no headers then. */
export function answered(token: u32, headers: u32, bodySize: u32): void {
  const p = remove(calls, token);
  if (p == 0) return;
  const c = changetype<Copy>(p);
  const r = rootOf(c);
  const second = token == c.second;
  if (second) c.second = 0;
  else c.call = 0;
  if (c.call == 0 && c.second == 0) land(c);
  let o: Out | null = null;
  if (!second) o = newOut(128);
  if (headers != 0) readAnswer(r, abi.CALL_HEADERS, o);
  if (headers == 0 || !upstream) {
    if (second) c.secondFailed = true;
    else {
      c.shadowFailed = true;
      count(metrics.FAILED);
    }
    settle(c);
    return;
  }
  let digest: u64 = 0;
  if (answerJson && bodySize != 0 && bodySize <= r.maxBody && call.bytes(abi.CALL_BODY, 0, bodySize)) {
    const body = call.ptr;
    const length = call.len;
    if (r.compareBody) digest = digestJson(body, length);
    if (o !== null && r.learnPathsCount != 0) extractJson(o, r, body, length);
  }
  if (second) {
    c.secondDone = true;
    c.secondStatus = status;
    c.secondDigest = digest;
  } else {
    c.shadowDone = true;
    c.shadowStatus = status;
    c.shadowDigest = digest;
    c.shadowNs = call.monotonicNs() - c.called;
    if (o !== null) keepIds(c, o, false);
    if (c.prodDone) teach(c);
  }
  settle(c);
}

/** A root goes: its copies under way are cancelled by the host, without a callback. */
export function abandonAll(r: Root): void {
  while (r.copies != 0) {
    count(metrics.DROPPED_RECONFIGURED);
    release(changetype<Copy>(r.copies));
  }
}
