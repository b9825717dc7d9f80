// What happens to one stream that faults hit, from its headers to its end.
import { addHeader, continueStream, setEffectiveContext } from '../abi/host';
import { giveRecord } from '../abi/slab';
import { find, remove } from '../abi/table';
import * as abi from '../abi/types';
import { changeBody, changeHead, wantsBody } from './change';
import { monotonic, wall } from './clock';
import { hit } from './hit';
import * as metrics from './metrics';
import { FAULT_HEADER, logFaults, nameFaults } from './name';
import { endStream } from './respond';
import * as state from './state';
import { faultOf, hitAt, Root, Stream, slab, streams } from './state';
import { add, count, tell } from './tell';
import { cut, undeclare } from './truncate';
import { arm, due, leave as leaveHeap, wait } from './waiting';

/** Bodies only: hold what has come, and let back-pressure stop the rest. */
const STOP_WATERMARK: i32 = 2;
/** All there is of a buffer, where the host does not say how much that is. */
const WHOLE: u32 = 0x7fffffff;

/** When the last of its stalling faults ends, on the monotonic clock: a stall must not outlive its fault. */
function stallEnd(s: Stream, on: u32): u64 {
  const unix = wall();
  const now = monotonic();
  let last = now;
  for (let i: u32 = 0; i < s.hits; i++) {
    const f = faultOf(hitAt(s, i));
    if (f.stall != on) continue;
    let end = f.expires > unix ? now + (f.expires - unix) : now;
    if (f.ends < end) end = f.ends;
    if (end > last) last = end;
  }
  return last;
}

/** The request is complete as far as we need it: change its head, then wait, end it, or let it go. True = hold it. */
function proceed(s: Stream): bool {
  const r = changetype<Root>(s.root);
  changeHead(s, state.ON_REQUEST);
  if (s.stalls || s.delayMs > 0) {
    s.due = s.stalls ? stallEnd(s, state.ON_REQUEST) : monotonic() + <u64>s.delayMs * 1000000;
    s.hold = state.ON_REQUEST;
    if (wait(r, s)) {
      count(s.stalls ? metrics.INJECTED_STALL : metrics.INJECTED_DELAY);
      return true;
    }
    s.hold = state.NOWHERE;
  }
  if (s.end == 0) return false;
  endStream(s);
  return true;
}

/** Headers with a body behind them have come: true = they wait for it, since it is to be changed. */
function beginsToCollect(s: Stream, on: u32): bool {
  // The declared length decides, so it is taken away only then.
  const wanted = wantsBody(s, on);
  undeclare(s, on);
  if (wanted) s.collect = on;
  return wanted;
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
  else if (!end) return true;
  else length = changeBody(s, on, size);
  s.collect = state.NOWHERE;
  cut(s, on, length);
  return false;
}

/** A collected body ends with trailers. */
function endCollecting(s: Stream, on: u32): void {
  s.collect = state.NOWHERE;
  cut(s, on, changeBody(s, on, WHOLE));
}

export function requestBody(s: Stream, size: u32, end: bool): i32 {
  if (s.collect != state.ON_REQUEST) {
    if (s.ended) return abi.STOP_NO_BUFFER;
    cut(s, state.ON_REQUEST, size);
    return abi.CONTINUE;
  }
  if (collects(s, state.ON_REQUEST, size, end)) return abi.STOP;
  return proceed(s) ? (s.ended ? abi.STOP_NO_BUFFER : abi.STOP) : abi.CONTINUE;
}

export function requestTrailers(s: Stream): i32 {
  if (s.collect != state.ON_REQUEST) return s.ended ? abi.STOP : abi.CONTINUE;
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
  if (s.hold == state.ON_REQUEST) stopWaiting(s);
  s.answered = true;
  s.collect = state.NOWHERE;
  if (!end && beginsToCollect(s, state.ON_RESPONSE)) return abi.STOP;
  finishHeaders(s);
  return end && stallsResponse(s) && holdResponse(s) ? abi.STOP_ALL : abi.CONTINUE;
}

function stallsResponse(s: Stream): bool {
  for (let i: u32 = 0; i < s.hits; i++) if (faultOf(hitAt(s, i)).stall == state.ON_RESPONSE) return true;
  return false;
}

/** Holds the answer until its fault ends; false if that is now or there is no memory. */
function holdResponse(s: Stream): bool {
  if (s.hold == state.ON_RESPONSE) return true;
  s.due = stallEnd(s, state.ON_RESPONSE);
  if (s.due <= monotonic()) return false;
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
  return stallsResponse(s) && holdResponse(s) ? STOP_WATERMARK : abi.CONTINUE;
}

export function responseTrailers(s: Stream): i32 {
  if (s.collect == state.ON_RESPONSE) {
    endCollecting(s, state.ON_RESPONSE);
    finishHeaders(s);
    if (stallsResponse(s) && holdResponse(s)) return abi.STOP;
  }
  return s.hold == state.ON_RESPONSE ? abi.STOP : abi.CONTINUE;
}

function stopWaiting(s: Stream): void {
  if (s.place != 0) {
    const r = changetype<Root>(s.root);
    leaveHeap(r, s);
    arm(r);
  }
  s.hold = state.NOWHERE;
}

/**
 * Lets go what is due. Streams that are gone have left the heap in {@link deleteStream}; the host is asked all the same.
 * @param ending also what is to be answered here. Not from another stream's callback: Envoy holds the stream in whose callback a
 * local response is sent, whosever it is.
 */
function letGo(r: Root, ending: bool): void {
  const now = monotonic();
  for (let s = due(r, now); s !== null; s = due(r, now)) {
    const ends = s.hold == state.ON_REQUEST && s.end != 0;
    if (ends && !ending) break;
    const held = s.hold;
    s.hold = state.NOWHERE;
    leaveHeap(r, s);
    if (setEffectiveContext(s.id) != abi.OK) count(metrics.GONE_WHILE_WAITING);
    else if (ends) endStream(s);
    else continueStream(held == state.ON_RESPONSE ? abi.RESPONSE : abi.REQUEST);
  }
  arm(r);
}

/** The timer of a root has come. */
export function tick(r: Root): void {
  // The host repeats the last period by itself: it must be set anew even for the same time.
  r.armed = u64.MAX_VALUE;
  r.tellAt = 0;
  letGo(r, true);
  tell();
}

/** A stream has ended, whatever it was doing. */
export function deleteStream(s: Stream): void {
  remove(streams, s.id);
  logFaults(s);
  if (s.place != 0) {
    count(metrics.GONE_WHILE_WAITING);
    stopWaiting(s);
  }
  for (let i: u32 = 0; i < s.hits; i++) faultOf(hitAt(s, i)).active--;
  add(metrics.ACTIVE, -1);
  giveRecord(slab, changetype<usize>(s));
}

export function findStream(id: u32): Stream | null {
  const record = find(streams, id);
  return record == 0 ? null : changetype<Stream>(record);
}
