// Both answers of a copied request: production's as it passes, the shadow's when its callout ends.
import { temp } from '../abi/arena';
import * as call from '../abi/call';
import { give } from '../abi/heap';
import { nextPair, openPairs, Pairs } from '../abi/pairs';
import { remove } from '../abi/table';
import { among, ascii, is } from '../abi/text';
import * as abi from '../abi/types';
import { digestJson } from '../lib/digest';
import { count } from '../lib/metrics';
import { parseNumber } from '../lib/number';
import { newOut, Out, put } from '../lib/out';
import { append, flatten, freeChain } from './chain';
import { keepIds, settle, teach } from './compare';
import { abandon, hold, land } from './copies';
import { extractHeader, extractJson } from './extract';
import * as metrics from './metrics';
import { bodyKind, JSON_BODY } from './rewrite';
import { calls, Copy, Root, rootOf } from './state';

const GRPC_STATUS = ascii('grpc-status');
const pairs = changetype<Pairs>(memory.data(offsetof<Pairs>(), 8));

/** What an answer's headers say. A gRPC status is counted in thousands above the HTTP status, so that both are compared. */
let status: u32 = 0;
let answerJson: bool = false;
/**
 * The router notes on every answer how long the upstream took; what this Envoy answers itself (no connection, time-out, circuit
 * breaker) has no such note.
 */
let upstream: bool = false;

const LOOKED_AT = words`:status content-type content-encoding x-envoy-upstream-service-time grpc-status`;

/** Reads an answer's headers; ids in them go to `o`. */
function readAnswer(r: Root, map: u32, o: Out | null): void {
  status = 0;
  answerJson = false;
  upstream = false;
  if (!call.headers(map)) return;
  openPairs(pairs, call.ptr, call.len);
  let encoded = false;
  while (nextPair(pairs)) {
    const v = pairs.value;
    const n = pairs.valueLen;
    switch (among(pairs.name, pairs.nameLen, LOOKED_AT)) {
      case 1:
        status += number(v, n);
        break;
      case 2:
        answerJson = bodyKind(v, n) == JSON_BODY;
        break;
      case 3:
        encoded = !is(v, n, 'identity');
        break;
      case 4:
        upstream = true;
        break;
      case 5:
        status += grpc(v, n);
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
  return call.header(map, GRPC_STATUS) ? grpc(call.ptr, call.len) : 0;
}

export function responseHeaders(c: Copy, end: bool): void {
  // Answered before the request was complete: a stream both ways, or refused; there is no whole request to copy.
  if (!c.sent) return abandon(c, metrics.SKIPPED_STREAM);
  const r = rootOf(c);
  const o = newOut(128);
  readAnswer(r, abi.RESPONSE_HEADERS, o);
  c.prodStatus = status;
  c.gathers = answerJson && (r.compareBody || r.learnPathsCount != 0);
  if (o !== null) keepIds(c, o, true);
  if (end) production(c);
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
  if (!c.sent || c.prodDone) return;
  c.prodStatus += trailersStatus(abi.RESPONSE_TRAILERS);
  production(c);
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
      if (r.learnPathsCount != 0) addIds(c, r, body, c.length);
    }
    freeChain(c);
  }
  teach(c);
  settle(c);
}

/** Adds the ids of production's body to those of its headers. */
function addIds(c: Copy, r: Root, body: usize, length: u32): void {
  const o = newOut(256);
  if (o === null) return;
  const old = c.prodIds;
  const oldLen = c.prodIdsLen;
  if (old != 0) put(o, old, oldLen);
  extractJson(o, r, body, length);
  if (o.len == oldLen) return;
  if (old != 0) give(old, oldLen);
  c.prodIds = 0;
  keepIds(c, o, true);
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
  let o: Out | null = null;
  if (!second) o = newOut(128);
  upstream = false;
  if (headers != 0) readAnswer(r, abi.CALL_HEADERS, o);
  if (!upstream) {
    if (second) c.secondFailed = true;
    else {
      c.shadowFailed = true;
      count(metrics.FAILED);
    }
    return settle(c);
  }
  if (trailers != 0) status += trailersStatus(abi.CALL_TRAILERS);
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
