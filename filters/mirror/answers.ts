// Both answers of a copied request: production's as it passes, the shadow's when its callout ends.
import { temp } from '../abi/arena';
import * as call from '../abi/call';
import { nextPair, openPairs, Pairs } from '../abi/pairs';
import { remove } from '../abi/table';
import { amongSorted, is } from '../abi/text';
import * as abi from '../abi/types';
import { bodyKind, JSON_BODY } from '../lib/body';
import { digestJson } from '../lib/digest';
import { parseNumber } from '../lib/number';
import { Out, output, put } from '../lib/out';
import { append, flatten, freeChain } from './chain';
import { keepIds, settle, teach } from './compare';
import { abandon, failed, freeIds, hold, land, letGo, widen } from './copies';
import { extractHeader, extractJson } from './extract';
import * as metrics from './metrics';
import { since } from './timing';
import { Answer, answerOf, calls, Copy, PRODUCTION, Root, rootOf, SECOND, SHADOW } from './state';

const pairs = changetype<Pairs>(memory.data(offsetof<Pairs>(), 8));

/** Whether the answer whose headers were last read is JSON that can be read. */
let answerJson: bool = false;
/**
 * The router notes on every answer how long the upstream took; what this Envoy answers itself (no connection, time-out, circuit
 * breaker) has no such note.
 */
let upstream: bool = false;

const LOOKED_AT = sorted`:status grpc-status content-type content-encoding x-envoy-upstream-service-time`;

/**
 * Reads an answer's headers; ids in them go to `o`. A gRPC status is counted in thousands above the HTTP status, so that both are
 * compared.
 */
function readAnswer(r: Root, map: u32, a: Answer, o: Out | null): void {
  answerJson = false;
  upstream = false;
  if (!call.headers(map)) return;
  openPairs(pairs, call.ptr, call.len);
  let encoded = false;
  while (nextPair(pairs)) {
    const v = pairs.value;
    const n = pairs.valueLen;
    switch (amongSorted(pairs.name, pairs.nameLen, LOOKED_AT)) {
      case 1:
        a.status += number(v, n);
        break;
      case 2:
        a.status += grpc(v, n);
        break;
      case 3:
        answerJson = bodyKind(v, n, 'text/plain') == JSON_BODY;
        break;
      case 4:
        if (!is(v, n, 'identity')) encoded = true;
        break;
      case 5:
        upstream = true;
        break;
      default:
        if (o !== null) extractHeader(o, r, pairs.name, pairs.nameLen, v, n);
    }
  }
  if (encoded) answerJson = false;
}

function number(p: usize, len: u32): u32 {
  const n = parseNumber(p, len);
  return n >= 0 && n < 1000 ? <u32>n : 0;
}

@inline
function grpc(p: usize, len: u32): u32 {
  return (number(p, len) + 1) * 1000;
}

/** The gRPC status in trailers, if there is one. */
function trailersStatus(map: u32): u32 {
  return call.headerNamed(map, 'grpc-status') ? grpc(call.ptr, call.len) : 0;
}

export function responseHeaders(c: Copy, end: bool): void {
  // Answered before the request was complete: a stream both ways, or refused; there is no whole request to copy.
  if (!c.sent) return abandon(c, metrics.SKIPPED_STREAM);
  const r = rootOf(c);
  const a = answerOf(c, PRODUCTION);
  const o = output(128);
  readAnswer(r, abi.RESPONSE_HEADERS, a, o);
  c.gathers = answerJson && (r.compareBody || r.learnPathsCount != 0);
  keepIds(a, o);
  if (end) production(c);
}

export function responseBody(c: Copy, size: u32, end: bool): void {
  if (!c.sent) return;
  if (c.gathers && size != 0) {
    // Over a cap the answer is no longer gathered, and compared by status alone.
    if (c.length + size > rootOf(c).maxBody || !hold(c, size) || !call.bytes(abi.RESPONSE_BODY, 0, size) || !append(c, call.ptr, call.len)) {
      c.gathers = false;
      letGo(c, c.length);
      freeChain(c);
    }
  }
  if (end) production(c);
}

export function responseTrailers(c: Copy): void {
  const a = answerOf(c, PRODUCTION);
  if (!c.sent || a.done) return;
  a.status += trailersStatus(abi.RESPONSE_TRAILERS);
  production(c);
}

/** Production's answer is complete. */
function production(c: Copy): void {
  const r = rootOf(c);
  const a = answerOf(c, PRODUCTION);
  a.done = true;
  a.ns = since(c, c.begun);
  if (c.gathers && c.length != 0) {
    const body = temp(c.length);
    if (body != 0) {
      flatten(c, body);
      if (r.compareBody) a.digest = digestJson(body, c.length);
      if (r.learnPathsCount != 0) addIds(a, r, body, c.length);
    }
    freeChain(c);
  }
  teach(c);
  settle(c);
}

/** Adds the ids of production's body to those of its headers. */
function addIds(a: Answer, r: Root, body: usize, length: u32): void {
  const o = output(256);
  if (a.ids != 0) put(o, a.ids, a.idsLen);
  extractJson(o, r, body, length);
  freeIds(a);
  keepIds(a, o);
}

/** The shadow has answered, or will not: no headers then. */
export function answered(token: u32, headers: u32, bodySize: u32, trailers: u32): void {
  const p = remove(calls, token);
  if (p == 0) return;
  const c = changetype<Copy>(p);
  const r = rootOf(c);
  const second = token == c.second;
  if (second) c.second = 0;
  else c.call = 0;
  if (c.call == 0 && c.second == 0) land(c);
  const a = answerOf(c, second ? SECOND : SHADOW);
  let o: Out | null = null;
  if (!second) o = output(128);
  upstream = false;
  if (headers != 0) readAnswer(r, abi.CALL_HEADERS, a, o);
  if (!upstream) {
    a.failed = true;
    if (!second) failed(r);
    return settle(c);
  }
  if (trailers != 0) a.status += trailersStatus(abi.CALL_TRAILERS);
  if (answerJson && bodySize != 0 && bodySize <= r.maxBody && call.bytes(abi.CALL_BODY, 0, bodySize)) {
    const body = call.ptr;
    const length = call.len;
    if (r.compareBody) a.digest = digestJson(body, length);
    if (o !== null && r.learnPathsCount != 0) extractJson(o, r, body, length);
  }
  a.done = true;
  a.ns = since(c, c.called);
  if (o !== null) {
    widen(r);
    keepIds(a, o);
    if (answerOf(c, PRODUCTION).done) teach(c);
  }
  settle(c);
}
