// One production request: gathered while it passes, sent when it is complete. Nothing here can hold it back.
import * as call from '../abi/call';
import { remove } from '../abi/table';
import * as abi from '../abi/types';
import { tally } from '../lib/metrics';
import { append } from './chain';
import { settle } from './compare';
import { abandon, hold, release } from './copies';
import * as metrics from './metrics';
import { send } from './send';
import { answerOf, Copy, PRODUCTION, Root, rootOf, streams } from './state';

/** A request that has not ended so long after a heartbeat saw it is a stream without an end, ns. */
const LONGEST: u64 = 60000000000;

/** Appends what has come of a body, within the caps. False = the copy was given up and is gone. */
function gather(c: Copy, size: u32): bool {
  let reason: u32 = 0;
  if (size == 0) return true;
  if (c.length + size > rootOf(c).maxBody) reason = metrics.DROPPED_BODY_TOO_LARGE;
  else if (!hold(c, size)) reason = metrics.DROPPED_BYTES_HELD;
  else if (!call.bytes(abi.REQUEST_BODY, 0, size) || append(c, call.ptr, call.len)) return true;
  else reason = metrics.DROPPED_NO_MEMORY;
  abandon(c, reason);
  return false;
}

export function requestBody(c: Copy, size: u32, end: bool): void {
  if (c.head == 0 || !gather(c, size)) return;
  if (end) send(c, c.head, c.headLen, 0, 0);
}

export function requestTrailers(c: Copy): void {
  if (c.head == 0) return;
  send(c, c.head, c.headLen, call.headers(abi.REQUEST_TRAILERS) ? call.ptr : 0, call.len);
}

/** The production stream has ended, whole or not. */
export function streamEnded(id: u32): void {
  const p = remove(streams, id);
  if (p == 0) return;
  const c = changetype<Copy>(p);
  c.stream = 0;
  if (!c.sent) return abandon(c, metrics.DROPPED_ABORTED);
  const answer = answerOf(c, PRODUCTION);
  if (answer.done) return;
  answer.failed = true;
  settle(c);
}

/** Gives up the copies whose requests go on and on: they would keep others from being copied. */
export function giveUpEndless(r: Root): void {
  const now = call.monotonicNs();
  let p = r.copies;
  while (p != 0) {
    const c = changetype<Copy>(p);
    p = c.after;
    if (c.sent) continue;
    if (c.seen == 0) c.seen = now;
    else if (now - c.seen > LONGEST) abandon(c, metrics.SKIPPED_STREAM);
  }
}

/** A root goes: its copies under way are cancelled by the host, without a callback. */
export function abandonAll(r: Root): void {
  while (r.copies != 0) {
    tally(metrics.DROPPED_RECONFIGURED);
    release(changetype<Copy>(r.copies));
  }
}
