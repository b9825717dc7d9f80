// When a fault is over: past its expiry on one of the clocks, or taken back, that is absent from the configuration that followed
// its own. That is noted in the fault, so that a stream's later callbacks need no clock: while a root has streams that were hit its
// timer is set for the earliest end of their faults.
import { setEffectiveContext } from '../abi/host';
import { same } from '../abi/text';
import { monotonic, wall } from './clock';
import * as metrics from './metrics';
import { Fault, faultAt, Root } from './state';
import { count } from './tell';
import { arm } from './waiting';

/** The configurations there are, newest first. */
let first: usize = 0;

/** Whether a fault is known to be over. */
@inline
export function isDone(f: Fault): bool {
  return f.over || f.takenBack;
}

/** A fault past its expiry does nothing; the first time that is seen it is counted. Once over it stays over. */
export function isOver(r: Root, f: Fault): bool {
  if (!f.over) {
    if (wall() < f.expires && monotonic() < f.ends) return false;
    f.over = true;
    count(metrics.EXPIRED);
    // A clock was set: what the fault holds is not to wait for the timer.
    if (f.active != 0) r.expireAt = 0;
  }
  return true;
}

/** Sees to it that the timer comes when a fault that has hit a stream ends. */
export function noteEnd(r: Root, f: Fault): void {
  let end = monotonic() + (f.expires - wall());
  if (f.ends < end) end = f.ends;
  if (end < r.expireAt) r.expireAt = end;
}

/** For a tick: whether faults may have ended since the last one; those that have are known to be over now. */
export function endFaults(r: Root): bool {
  if (r.expireAt > monotonic()) return false;
  r.expireAt = u64.MAX_VALUE;
  for (let i: u32 = 0; i < r.count; i++) {
    const f = faultAt(r, i);
    if (f.active != 0 && !isDone(f) && !isOver(r, f)) noteEnd(r, f);
  }
  return true;
}

/** Whether two configurations are of one filter, so that one follows the other. */
function follow(a: Root, b: Root): bool {
  return a != b && same(a.filter, a.filterLen, b.filter, b.filterLen);
}

/** The fault of the same id; null if there is none. */
function faultLike(r: Root, f: Fault): Fault | null {
  for (let i: u32 = 0; i < r.count; i++) {
    const g = faultAt(r, i);
    if (same(g.id, g.idLen, f.id, f.idLen)) return g;
  }
  return null;
}

/** Whether two faults of one id are the same: another expiry or seed makes another one. */
function goesOn(f: Fault, before: Fault): bool {
  return f.expires == before.expires && f.seed == before.seed;
}

/** Requests under a fault, those included that it hit in older configurations and that are still on their way. */
export function activeOf(r: Root, f: Fault): u32 {
  let active = f.active;
  for (let p = first; p != 0; p = changetype<Root>(p).next) {
    if (!follow(changetype<Root>(p), r)) continue;
    const g = faultLike(changetype<Root>(p), f);
    if (g !== null && goesOn(f, g)) active += g.active;
  }
  return active;
}

/** A configuration was read: faults that its filter had before go on where they were. */
export function joinRoots(r: Root): void {
  for (let p = first; p != 0; p = changetype<Root>(p).next) {
    const before = changetype<Root>(p);
    if (!follow(before, r)) continue;
    for (let i: u32 = 0; i < r.count; i++) {
      const f = faultAt(r, i);
      const g = faultLike(before, f);
      if (g === null || !goesOn(f, g) || g.requests < f.requests) continue;
      f.requests = g.requests;
      f.over = g.over;
      if (f.ends != u64.MAX_VALUE) f.ends -= f.begun - g.begun;
      f.begun = g.begun;
    }
  }
  r.next = first;
  first = changetype<usize>(r);
  comeIntoForce(r, r.id);
}

/**
 * A configuration is in force, for it was read or, having been replaced, has got a stream again: what it lacks of the others' faults
 * is taken back, and their timers let go what is held.
 * @param id the context of the callback
 */
export function comeIntoForce(r: Root, id: u32): void {
  for (let p = first; p != 0; p = changetype<Root>(p).next) {
    const other = changetype<Root>(p);
    if (!follow(other, r)) continue;
    other.inForce = false;
    for (let i: u32 = 0; i < other.count; i++) {
      const f = faultAt(other, i);
      f.takenBack = faultLike(r, f) === null;
      if (f.takenBack && f.active != 0) other.expireAt = 0;
    }
    if (other.expireAt != 0) continue;
    // A timer is set for the context that acts.
    setEffectiveContext(other.id);
    arm(other);
    setEffectiveContext(id);
  }
  r.inForce = true;
  for (let i: u32 = 0; i < r.count; i++) faultAt(r, i).takenBack = false;
}

/** A configuration goes. */
export function leaveRoots(r: Root): void {
  if (first == changetype<usize>(r)) {
    first = r.next;
    return;
  }
  for (let p = first; p != 0; p = changetype<Root>(p).next) {
    if (changetype<Root>(p).next == changetype<usize>(r)) changetype<Root>(p).next = r.next;
  }
}
