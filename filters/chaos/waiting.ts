// Streams that wait, per root, as a binary heap by due time. The root's timer is set for
// the earliest; a stream that ends leaves the heap, so that a tick never meets a dead one.
import { give, take } from '../abi/heap';
import { setTickPeriod } from '../abi/host';
import { monotonic } from './clock';
import * as metrics from './metrics';
import { NOWHERE, Root, Stream } from './state';
import { add } from './tell';

/** Due only once it is made so. */
export const NEVER: u64 = u64.MAX_VALUE;
/** What the timer is set for is not known. */
export const UNKNOWN: u64 = 1;
/** The longest time the timer is set for, ms. */
const LONGEST: u64 = 3600000;

@inline
export function at(r: Root, i: u32): Stream {
  return changetype<Stream>(<usize>load<u32>(r.waiting + (<usize>i << 2)));
}

@inline
function set(r: Root, i: u32, s: Stream): void {
  store<u32>(r.waiting + (<usize>i << 2), <u32>changetype<usize>(s));
  s.place = i + 1;
}

function up(r: Root, i: u32): void {
  const s = at(r, i);
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (at(r, parent).due <= s.due) break;
    set(r, i, at(r, parent));
    i = parent;
  }
  set(r, i, s);
}

function down(r: Root, i: u32): void {
  const s = at(r, i);
  while (true) {
    let child = i * 2 + 1;
    if (child >= r.waitingCount) break;
    if (child + 1 < r.waitingCount && at(r, child + 1).due < at(r, child).due) child++;
    if (s.due <= at(r, child).due) break;
    set(r, i, at(r, child));
    i = child;
  }
  set(r, i, s);
}

/** Lets a stream wait until `s.due`, held or collecting; false if there is no memory (then it must not be held). */
export function wait(r: Root, s: Stream): bool {
  if (r.waitingCount == r.waitingCap) {
    const cap: u32 = r.waitingCap == 0 ? 64 : r.waitingCap * 2;
    const bigger = take(<usize>cap << 2);
    if (bigger == 0) return false;
    if (r.waiting != 0) {
      memory.copy(bigger, r.waiting, <usize>r.waitingCap << 2);
      give(r.waiting, <usize>r.waitingCap << 2);
    }
    r.waiting = bigger;
    r.waitingCap = cap;
  }
  set(r, r.waitingCount++, s);
  up(r, r.waitingCount - 1);
  if (s.hold != NOWHERE) add(metrics.WAITING, 1);
  return true;
}

/** Takes a stream out, wherever it is. */
export function leave(r: Root, s: Stream): void {
  const i = s.place - 1;
  s.place = 0;
  r.waitingCount--;
  if (s.hold != NOWHERE) add(metrics.WAITING, -1);
  if (i != r.waitingCount) {
    set(r, i, at(r, r.waitingCount));
    const moved = at(r, i);
    up(r, i);
    down(r, moved.place - 1);
  }
}

/** Puts the heap in order when streams have become due. */
export function reorder(r: Root): void {
  for (let i = r.waitingCount >> 1; i > 0; i--) down(r, i - 1);
}

/** The earliest stream if it is due at `now`, else null. Half a millisecond early is due: timers count in whole ones. */
export function due(r: Root, now: u64): Stream | null {
  if (r.waitingCount == 0) return null;
  const s = at(r, 0);
  return s.due > now && s.due - now > 500000 ? null : s;
}

/**
 * Sets the root's timer for the earliest stream, the end of a fault or what is to be told, or stops it; the host takes the root of
 * whatever context is current. Costs a host call only when the earliest changes.
 */
export function arm(r: Root): void {
  let next = r.tellAt == 0 ? NEVER : r.tellAt;
  if (r.waitingCount != 0 && at(r, 0).due < next) next = at(r, 0).due;
  if (r.expireAt < next) next = r.expireAt;
  if (next == r.armed) return;
  r.armed = next;
  if (next == NEVER) {
    setTickPeriod(0);
    return;
  }
  const now = monotonic();
  const ms = next > now ? (next - now + 500000) / 1000000 : 0;
  setTickPeriod(<u32>(ms < 1 ? 1 : ms > LONGEST ? LONGEST : ms));
}
