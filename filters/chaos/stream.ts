// What happens to one stream that faults hit, from its headers to its end.
import { addHeader, continueStream, setEffectiveContext } from '../abi/host';
import { giveRecord } from '../abi/slab';
import { find, remove } from '../abi/table';
import * as abi from '../abi/types';
import { changeBody, changeHead, mutatesBody, wantsBody } from './change';
import { monotonic } from './clock';
import { MOST_DELAY } from './delay';
import { hit } from './hit';
import * as metrics from './metrics';
import { FAULT_HEADER, logFaults, nameFaults } from './name';
import { endFaults, isDone } from './over';
import { endStream } from './respond';
import * as state from './state';
import { faultOf, hitAt, Root, Stream, slab, streams } from './state';
import { add, count, tell } from './tell';
import { cut, limit } from './truncate';
import { at, due, leave as leaveHeap, NEVER, reorder, UNKNOWN, wait } from './waiting';

/**
 * Bodies only: hold what has come, and let back-pressure stop the rest. Each part is seen once, while a body that is stopped with
 * STOP is collected and seen whole each time.
 */
const STOP_WATERMARK: i32 = 2;
/** All there is of a buffer, where the host does not say how much that is. */
const WHOLE: u32 = 0x7fffffff;

/** Whether a fault that is not over stalls a direction. */
function stalls(s: Stream, on: u32): bool {
  for (let i: u32 = 0; i < s.hits; i++) {
    const f = faultOf(hitAt(s, i));
    if (f.stall == on && !isDone(f)) return true;
  }
  return false;
}

/** The delays of its faults that are not over, ns; they add up. */
function delay(s: Stream): u64 {
  let ms: u32 = 0;
  for (let i: u32 = 0; i < s.hits; i++) if (!isDone(faultOf(hitAt(s, i)))) ms += hitAt(s, i).delayMs;
  return <u64>min(ms, <u32>MOST_DELAY) * 1000000;
}

/** Whether one of its faults that are not over ends it here; the first counts. */
function ends(s: Stream): bool {
  s.end = state.END_NONE;
  for (let i: u32 = 0; i < s.hits && s.end == state.END_NONE; i++) {
    const f = faultOf(hitAt(s, i));
    if (isDone(f)) continue;
    s.end = f.end;
    s.status = f.status;
  }
  return s.end != state.END_NONE;
}

/** The request is complete as far as we need it: change its head, then wait, end it, or let it go. True = hold it. */
function proceed(s: Stream): bool {
  const r = changetype<Root>(s.root);
  changeHead(s, state.ON_REQUEST);
  s.stalls = stalls(s, state.ON_REQUEST);
  const later = delay(s);
  if (s.stalls || later != 0) {
    s.due = s.stalls ? NEVER : monotonic() + later;
    s.hold = state.ON_REQUEST;
    if (wait(r, s)) {
      count(s.stalls ? metrics.INJECTED_STALL : metrics.INJECTED_DELAY);
      return true;
    }
    s.hold = state.NOWHERE;
  }
  if (!ends(s)) return false;
  endStream(s);
  return true;
}

/** Headers with a body behind them have come: true = they wait for it, since it is to be changed. */
function beginsToCollect(s: Stream, on: u32): bool {
  // The declared length decides, so it is taken away only then.
  const wanted = wantsBody(s, on);
  limit(s, on);
  if (!wanted) return false;
  s.collect = on;
  s.gathered = false;
  s.due = NEVER;
  wait(changetype<Root>(s.root), s);
  return true;
}

/**
 * A request has come. Streams that are due are let go as well, behind all that concerns this one: where requests are many that is
 * sooner than the timer, which in Envoy is as coarse as the kernel's tick.
 */
export function requestHeaders(r: Root, id: u32, end: bool): i32 {
  const s = hit(r, id);
  const answer = s === null ? abi.CONTINUE : begins(s, end);
  if (r.waitingCount != 0) letGo(r, false);
  return answer;
}

function begins(s: Stream, end: bool): i32 {
  count(metrics.FAULTED);
  add(metrics.ACTIVE, 1);
  if (!end && beginsToCollect(s, state.ON_REQUEST)) return abi.STOP;
  return proceed(s) ? abi.STOP_ALL : abi.CONTINUE;
}

/**
 * A chunk of a body that is collected: true = it is to be collected further. Else it is changed, or too large, and what goes on
 * is cut to what may pass.
 */
function collects(s: Stream, on: u32, size: u32, end: bool): bool {
  let length = size;
  if (size > changetype<Root>(s.root).maxBody) count(metrics.MUTATE_TOO_LARGE);
  else if (mutatesBody(s, on)) {
    s.gathered = true;
    if (!end) return true;
    length = changeBody(s, on, size);
  }
  stopWaiting(s);
  cut(s, on, length);
  return false;
}

/** A collected body ends with trailers. */
function endCollecting(s: Stream, on: u32): void {
  stopWaiting(s);
  cut(s, on, mutatesBody(s, on) ? changeBody(s, on, WHOLE) : WHOLE);
}

export function requestBody(s: Stream, size: u32, end: bool): i32 {
  if (s.collect != state.ON_REQUEST) {
    if (s.ended) return abi.STOP_NO_BUFFER;
    cut(s, state.ON_REQUEST, size);
    // What is held is not all: it was too large to be collected.
    return s.hold == state.ON_REQUEST ? STOP_WATERMARK : abi.CONTINUE;
  }
  if (collects(s, state.ON_REQUEST, size, end)) return abi.STOP;
  return proceed(s) ? (s.ended ? abi.STOP_NO_BUFFER : STOP_WATERMARK) : abi.CONTINUE;
}

export function requestTrailers(s: Stream): i32 {
  if (s.collect != state.ON_REQUEST) return s.ended || s.hold == state.ON_REQUEST ? abi.STOP : abi.CONTINUE;
  endCollecting(s, state.ON_REQUEST);
  return proceed(s) ? abi.STOP : abi.CONTINUE;
}

/** The answer's headers are about to leave: changes them, and says in them what was done, once. */
function finishHeaders(s: Stream): void {
  if (s.named) return;
  s.named = true;
  changeHead(s, state.ON_RESPONSE);
  const o = nameFaults(s);
  if (!o.failed) addHeader(abi.RESPONSE_HEADERS, FAULT_HEADER.ptr, FAULT_HEADER.len, o.ptr, o.len);
}

export function responseHeaders(s: Stream, end: bool): i32 {
  if (s.answered) return abi.CONTINUE;
  // A local reply of Envoy's own may come while the request is held (a time-out): the wait is over then.
  stopWaiting(s);
  s.answered = true;
  if (!end && beginsToCollect(s, state.ON_RESPONSE)) return abi.STOP;
  finishHeaders(s);
  return end && holdsResponse(s) ? abi.STOP_ALL : abi.CONTINUE;
}

/** Holds the answer until the last fault that stalls it ends; false if there is none or no memory. */
function holdsResponse(s: Stream): bool {
  if (s.hold == state.ON_RESPONSE) return true;
  if (!stalls(s, state.ON_RESPONSE)) return false;
  s.due = NEVER;
  s.hold = state.ON_RESPONSE;
  if (!wait(changetype<Root>(s.root), s)) {
    s.hold = state.NOWHERE;
    return false;
  }
  count(metrics.INJECTED_STALL);
  return true;
}

export function responseBody(s: Stream, size: u32, end: bool): i32 {
  // An answer of our own is whole as it is.
  if (s.ended) return abi.CONTINUE;
  if (s.collect == state.ON_RESPONSE) {
    // All that was declared has come, though the host may not know yet that it was all: nothing is gained by waiting.
    if (collects(s, state.ON_RESPONSE, size, end || (size != 0 && size == s.declared))) return abi.STOP;
    finishHeaders(s);
  } else cut(s, state.ON_RESPONSE, size);
  // Held with back-pressure: what the service goes on sending fills the buffers and stops there.
  return holdsResponse(s) ? STOP_WATERMARK : abi.CONTINUE;
}

export function responseTrailers(s: Stream): i32 {
  if (s.collect == state.ON_RESPONSE) {
    endCollecting(s, state.ON_RESPONSE);
    finishHeaders(s);
    if (holdsResponse(s)) return abi.STOP;
  }
  return s.hold == state.ON_RESPONSE ? abi.STOP : abi.CONTINUE;
}

/** It is neither held nor collects any longer. */
function stopWaiting(s: Stream): void {
  if (s.place != 0) leaveHeap(changetype<Root>(s.root), s);
  s.hold = state.NOWHERE;
  s.collect = state.NOWHERE;
}

/** Faults are over: makes due what waits for nothing else. */
function reconsider(r: Root): void {
  const now = monotonic();
  for (let i: u32 = 0; i < r.waitingCount; i++) {
    const s = at(r, i);
    let latest = now;
    if (s.collect != state.NOWHERE) {
      // What Envoy has collected for a callback can go on in a callback only: with the next part.
      if (s.gathered || mutatesBody(s, s.collect)) continue;
    } else if (s.hold == state.ON_RESPONSE || s.stalls) {
      if (stalls(s, s.hold)) continue;
    } else latest = now + delay(s);
    if (latest < s.due) s.due = latest;
  }
  reorder(r);
}

/**
 * Lets go what is due. Streams that are gone have left the heap in {@link deleteStream}; the host is asked all the same.
 * @param ending also what is to be answered here. Not from another stream's callback: Envoy holds the stream in whose callback a
 * local response is sent, whosever it is.
 */
function letGo(r: Root, ending: bool): void {
  const now = monotonic();
  for (let s = due(r, now); s !== null; s = due(r, now)) {
    const on = s.hold + s.collect;
    const collected = s.collect != state.NOWHERE;
    const last = s.hold == state.ON_REQUEST && ends(s);
    if ((last || collected) && !ending) break;
    stopWaiting(s);
    if (setEffectiveContext(s.id) != abi.OK) count(metrics.GONE_WHILE_WAITING);
    else if (last) endStream(s);
    else if (!collected || !goesOn(s, on)) continueStream(on == state.ON_RESPONSE ? abi.RESPONSE : abi.REQUEST);
  }
}

/** Headers that waited for a body go on without it; false if nothing else holds them. */
function goesOn(s: Stream, on: u32): bool {
  if (on == state.ON_REQUEST) return proceed(s);
  finishHeaders(s);
  return false;
}

/** The timer of a root has come. */
export function tick(r: Root): void {
  // The host repeats the last period by itself: it must be set anew even for the same time.
  r.armed = UNKNOWN;
  r.tellAt = 0;
  if (endFaults(r)) reconsider(r);
  letGo(r, true);
  tell();
}

/** A stream has ended, whatever it was doing. */
export function deleteStream(s: Stream): void {
  remove(streams, s.id);
  logFaults(s);
  if (s.hold != state.NOWHERE) count(metrics.GONE_WHILE_WAITING);
  stopWaiting(s);
  const r = changetype<Root>(s.root);
  if (--r.hit == 0) r.expireAt = NEVER;
  for (let i: u32 = 0; i < s.hits; i++) faultOf(hitAt(s, i)).active--;
  add(metrics.ACTIVE, -1);
  giveRecord(slab, changetype<usize>(s));
}

export function findStream(id: u32): Stream | null {
  const record = find(streams, id);
  return record == 0 ? null : changetype<Stream>(record);
}
