// What happens to one stream that faults hit, from its headers to its end.
import { bytes, header, len, logBytes, monotonicNs, ptr, wallNs } from '../abi/call';
import { add, count } from '../lib/metrics';
import {
  addHeader,
  continueStream,
  removeHeader,
  replaceHeader,
  setBufferBytes,
  setEffectiveContext,
} from '../abi/host';
import { giveRecord, takeRecord } from '../abi/slab';
import { find, put, remove } from '../abi/table';
import { ascii } from '../abi/text';
import * as abi from '../abi/types';
import { parseNumber } from '../lib/number';
import { newOut, Out, putU64 } from '../lib/out';
import { seedRandom } from '../lib/random';
import { drawDelay } from './delay';
import { drawn, fits, isOver, seedOf } from './match';
import * as metrics from './metrics';
import { formatOf, made, mutate, NO_FORMAT, used } from './mutate';
import { FAULT_HEADER, nameFaults } from './name';
import { endStream } from './respond';
import * as state from './state';
import { addHit, faultAt, hitFault, hitNumber, Root, Stream, slab, streams } from './state';
import { arm, due, leave as leaveHeap, wait } from './waiting';

const CONTENT_LENGTH = ascii('content-length');
const CONTENT_TYPE = ascii('content-type');
const CONTENT_ENCODING = ascii('content-encoding');

/** Draws which faults hit a new request; a record if any did. */
function hit(r: Root, id: u32): Stream | null {
  const wall = wallNs();
  const monotonic = monotonicNs();
  let s: Stream | null = null;
  for (let i: u32 = 0; i < r.count; i++) {
    const f = faultAt(r, i);
    if (isOver(f, wall, monotonic) || !fits(f)) continue;
    const n = f.requests++;
    if (!drawn(f, n)) continue;
    if (f.maxActive != 0 && f.active >= f.maxActive) {
      count(metrics.OVER_MAX_ACTIVE);
      continue;
    }
    if (s === null) {
      const record = takeRecord(slab);
      if (record == 0) return null;
      if (!put(streams, id, record)) {
        giveRecord(slab, record);
        return null;
      }
      s = changetype<Stream>(record);
      s.id = id;
      s.root = changetype<usize>(r);
      s.left = -1;
    }
    addHit(s, f, n);
    if (s.hits == state.MAX_HITS) break;
  }
  return s;
}

/** Settles what the faults together mean for the stream. */
function settle(s: Stream): void {
  let delay: f64 = 0;
  for (let i: u32 = 0; i < s.hits; i++) {
    const f = hitFault(s, i);
    delay += drawDelay(f, hitNumber(s, i));
    if (s.end == 0 && f.end != 0) {
      s.end = f.end;
      s.status = f.status;
    }
    if (f.stall == state.ON_REQUEST) s.stalls = true;
    if (f.truncate >= 0 && (s.left < 0 || f.truncate < s.left)) s.left = f.truncate;
  }
  s.delayMs = delay > 60000 ? 60000 : <u32>nearest(delay);
}

/** When the last of its stalling faults ends, on the monotonic clock: a stall must not outlive its fault. */
function stallEnd(s: Stream, on: u32): u64 {
  const wall = wallNs();
  const now = monotonicNs();
  let last = now;
  for (let i: u32 = 0; i < s.hits; i++) {
    const f = hitFault(s, i);
    if (f.stall != on) continue;
    let end = f.expires > wall ? now + (f.expires - wall) : now;
    if (f.ends < end) end = f.ends;
    if (end > last) last = end;
  }
  return last;
}

/** The request is complete as far as we need it: wait, end it, or let it go. True = hold it. */
function proceed(s: Stream): bool {
  const r = changetype<Root>(s.root);
  if (s.stalls || s.delayMs > 0) {
    s.due = s.stalls ? stallEnd(s, state.ON_REQUEST) : monotonicNs() + <u64>s.delayMs * 1000000;
    s.hold = state.HOLD_REQUEST;
    if (wait(r, s)) {
      count(s.stalls ? metrics.INJECTED_STALL : metrics.INJECTED_DELAY);
      return true;
    }
    s.hold = state.HOLD_NONE;
  }
  if (s.end == 0) return false;
  endStream(s);
  return true;
}

export function requestHeaders(r: Root, id: u32, end: bool): i32 {
  const s = hit(r, id);
  if (s === null) return abi.CONTINUE;
  count(metrics.FAULTED);
  add(metrics.ACTIVE, 1);
  settle(s);
  if (!end && mutates(s, state.ON_REQUEST) && readable(s, abi.REQUEST_HEADERS, r)) {
    s.collect = state.COLLECT_REQUEST;
    return abi.STOP;
  }
  return proceed(s) ? abi.STOP_ALL : abi.CONTINUE;
}

function mutates(s: Stream, on: u32): bool {
  for (let i: u32 = 0; i < s.hits; i++) if (hitFault(s, i).mutateOn == on) return true;
  return false;
}

function raws(s: Stream, on: u32): bool {
  for (let i: u32 = 0; i < s.hits; i++) {
    const f = hitFault(s, i);
    if (f.mutateOn == on && f.raw) return true;
  }
  return false;
}

/** Whether the body to come can be changed: it has a format (or is taken raw), is not encoded and not declared too large. */
function readable(s: Stream, map: u32, r: Root): bool {
  if (header(map, CONTENT_LENGTH) && parseNumber(ptr, len) > <f64>r.maxBody) {
    count(metrics.MUTATE_TOO_LARGE);
    return false;
  }
  if (raws(s, map == abi.REQUEST_HEADERS ? state.ON_REQUEST : state.ON_RESPONSE)) return true;
  const plain = !header(map, CONTENT_ENCODING) && header(map, CONTENT_TYPE) && formatOf(ptr, len) != NO_FORMAT;
  if (!plain) count(metrics.MUTATE_NO_FIT);
  return plain;
}

/** Changes the collected body in place. `end` = its headers are still held and can be mended. */
function change(s: Stream, on: u32, size: u32): void {
  const request = on == state.ON_REQUEST;
  const map = request ? abi.REQUEST_HEADERS : abi.RESPONSE_HEADERS;
  const buffer = request ? abi.REQUEST_BODY : abi.RESPONSE_BODY;
  let format = NO_FORMAT;
  if (!header(map, CONTENT_ENCODING) && header(map, CONTENT_TYPE)) format = formatOf(ptr, len);
  if (!bytes(buffer, 0, size)) {
    count(metrics.MUTATE_NO_FIT);
    return;
  }
  let body = ptr;
  let length = len;
  let changed = false;
  for (let i: u32 = 0; i < s.hits; i++) {
    const f = hitFault(s, i);
    if (f.mutateOn != on) continue;
    seedRandom(seedOf(f, hitNumber(s, i), 2));
    const o = mutate(body, length, format, f.ops, f.kinds, f.raw);
    if (o === null) continue;
    changed = true;
    body = o.ptr;
    length = o.len;
    s.edits += made;
    s.kindsUsed |= used;
  }
  if (!changed) {
    count(metrics.MUTATE_NO_FIT);
    return;
  }
  if (setBufferBytes(buffer, 0, size, body, length) != abi.OK) return;
  count(metrics.MUTATED);
  if (header(map, CONTENT_LENGTH)) setLength(map, length);
}

function setLength(map: u32, length: u32): void {
  const o = newOut(20);
  if (o === null) return;
  putU64(o, length);
  replaceHeader(map, CONTENT_LENGTH.ptr, CONTENT_LENGTH.len, o.ptr, o.len);
}

export function requestBody(s: Stream, size: u32, end: bool): i32 {
  if (s.collect != state.COLLECT_REQUEST) return s.answered ? abi.STOP_NO_BUFFER : abi.CONTINUE;
  if (size > changetype<Root>(s.root).maxBody) count(metrics.MUTATE_TOO_LARGE);
  else if (!end) return abi.STOP;
  else change(s, state.ON_REQUEST, size);
  s.collect = state.COLLECT_NONE;
  return proceed(s) ? (s.answered ? abi.STOP_NO_BUFFER : abi.STOP) : abi.CONTINUE;
}

export function requestTrailers(s: Stream): i32 {
  if (s.collect != state.COLLECT_REQUEST) return s.answered ? abi.STOP : abi.CONTINUE;
  s.collect = state.COLLECT_NONE;
  change(s, state.ON_REQUEST, 0x7fffffff);
  return proceed(s) ? abi.STOP : abi.CONTINUE;
}

/** Says in the answer what was done to it, once, while its headers are held. */
function name(s: Stream): void {
  if (s.named) return;
  s.named = true;
  const o = nameFaults(s);
  if (o !== null && !o.failed) addHeader(abi.RESPONSE_HEADERS, FAULT_HEADER.ptr, FAULT_HEADER.len, o.ptr, o.len);
}

export function responseHeaders(s: Stream, end: bool): i32 {
  if (s.answered) return abi.CONTINUE;
  // A local reply of Envoy's own may come while the request is held (a time-out): the wait is over then.
  if (s.hold == state.HOLD_REQUEST) stopWaiting(s);
  s.answered = true;
  s.collect = state.COLLECT_NONE;
  const r = changetype<Root>(s.root);
  if (!end && s.left >= 0) {
    count(metrics.INJECTED_TRUNCATE);
    removeHeader(abi.RESPONSE_HEADERS, CONTENT_LENGTH.ptr, CONTENT_LENGTH.len);
  }
  if (!end && mutates(s, state.ON_RESPONSE) && readable(s, abi.RESPONSE_HEADERS, r)) {
    s.collect = state.COLLECT_RESPONSE;
    return abi.STOP;
  }
  name(s);
  if (end && stallsResponse(s) && holdResponse(s)) return abi.STOP_ALL;
  return abi.CONTINUE;
}

function stallsResponse(s: Stream): bool {
  for (let i: u32 = 0; i < s.hits; i++) if (hitFault(s, i).stall == state.ON_RESPONSE) return true;
  return false;
}

/** Holds the answer until its fault ends; false if that is now or there is no memory. */
function holdResponse(s: Stream): bool {
  if (s.hold == state.HOLD_RESPONSE) return true;
  s.due = stallEnd(s, state.ON_RESPONSE);
  if (s.due <= monotonicNs()) return false;
  s.hold = state.HOLD_RESPONSE;
  if (!wait(changetype<Root>(s.root), s)) {
    s.hold = state.HOLD_NONE;
    return false;
  }
  count(metrics.INJECTED_STALL);
  return true;
}

export function responseBody(s: Stream, size: u32, end: bool): i32 {
  if (s.collect == state.COLLECT_RESPONSE) {
    if (size > changetype<Root>(s.root).maxBody) count(metrics.MUTATE_TOO_LARGE);
    else if (!end) return abi.STOP;
    else change(s, state.ON_RESPONSE, size);
    s.collect = state.COLLECT_NONE;
    name(s);
    truncate(s, 0x7fffffff);
  } else truncate(s, size);
  // Held with back-pressure: what the service goes on sending fills the buffers and stops there.
  return stallsResponse(s) && holdResponse(s) ? 2 : abi.CONTINUE;
}

export function responseTrailers(s: Stream): i32 {
  if (s.collect == state.COLLECT_RESPONSE) {
    s.collect = state.COLLECT_NONE;
    change(s, state.ON_RESPONSE, 0x7fffffff);
    name(s);
  }
  return s.hold == state.HOLD_RESPONSE ? abi.STOP : abi.CONTINUE;
}

/** Cuts what is beyond the bytes still let through. */
function truncate(s: Stream, size: u32): void {
  if (s.left < 0) return;
  if (size == 0x7fffffff) {
    // The size after a mutation is not known here: read as much as may pass.
    const had = bytes(abi.RESPONSE_BODY, 0, s.left > 0 ? s.left : 1);
    if (!had) return;
    setBufferBytes(abi.RESPONSE_BODY, 0, size, ptr, s.left > 0 ? <usize>len : 0);
    s.left = 0;
    return;
  }
  if (size <= <u32>s.left) {
    s.left -= size;
    return;
  }
  if (s.left > 0 && bytes(abi.RESPONSE_BODY, 0, s.left)) setBufferBytes(abi.RESPONSE_BODY, 0, size, ptr, len);
  else setBufferBytes(abi.RESPONSE_BODY, 0, size, 0, 0);
  s.left = 0;
}

function stopWaiting(s: Stream): void {
  if (s.place != 0) {
    const r = changetype<Root>(s.root);
    leaveHeap(r, s);
    arm(r);
  }
  s.hold = state.HOLD_NONE;
}

/** Lets go what is due. Streams that are gone have left the heap in {@link deleteStream}; the host is asked all the same. */
export function tick(r: Root): void {
  const now = monotonicNs();
  while (true) {
    const s = due(r, now);
    if (s === null) break;
    const held = s.hold;
    s.hold = state.HOLD_NONE;
    if (setEffectiveContext(s.id) != abi.OK) {
      count(metrics.GONE_WHILE_WAITING);
      continue;
    }
    if (held == state.HOLD_RESPONSE) continueStream(abi.RESPONSE);
    else if (s.end != 0) endStream(s);
    else continueStream(abi.REQUEST);
  }
  // The host repeats the last period by itself: it must be set anew even for the same time.
  r.armed = u64.MAX_VALUE;
  arm(r);
}

/** A stream has ended, whatever it was doing. */
export function deleteStream(id: u32): void {
  const record = remove(streams, id);
  if (record == 0) return;
  const s = changetype<Stream>(record);
  if (s.place != 0) {
    count(metrics.GONE_WHILE_WAITING);
    stopWaiting(s);
  }
  for (let i: u32 = 0; i < s.hits; i++) hitFault(s, i).active--;
  add(metrics.ACTIVE, -1);
  giveRecord(slab, record);
}

export function findStream(id: u32): Stream | null {
  const record = find(streams, id);
  return record == 0 ? null : changetype<Stream>(record);
}
