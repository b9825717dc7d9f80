// The time as a callback sees it. Each reading is a call into the host, so a callback reads the monotonic clock at most once, and
// the wall clock only to learn again how far it is ahead of the other.
import { monotonicNs, wallNs } from '../abi/call';

/** How long what was learned of the wall clock is kept, ns: one that is set is noticed within that time. */
const KEPT: u64 = 100000000;

let now: u64 = 0;
let comparedAt: u64 = 0;
/** Unix time less monotonic time; 0 = not yet known. */
let ahead: u64 = 0;

/** A callback begins: its time is read when first asked for. */
export function openClock(): void {
  now = 0;
}

/** Monotonic time of this callback, ns. */
export function monotonic(): u64 {
  if (now == 0) now = monotonicNs();
  return now;
}

/** Unix time of this callback, ns; up to 100 ms behind a clock that was just set. */
export function wall(): u64 {
  const at = monotonic();
  if (ahead == 0 || at - comparedAt >= KEPT) {
    ahead = wallNs() - at;
    comparedAt = at;
  }
  return at + ahead;
}
