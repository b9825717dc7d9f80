// How long answers take is asked of some copies only where there are many: a clock is a host call, and so is what it says.
import { monotonicNs } from '../abi/call';
import { Copy } from './state';

/** Copies that are timed from one heartbeat to the next, about: all of no more than these, else every so manieth. */
const ENOUGH: u32 = 128;

let every: u32 = 1;
let begun: u32 = 0;

/** A new copy: it is timed, or not. */
export function beginTiming(c: Copy): void {
  if (begun++ % every != 0) return;
  c.timed = true;
  c.begun = monotonicNs();
}

/** ns since a moment of a copy; 0 if it is not timed. */
export function since(c: Copy, moment: u64): u64 {
  return c.timed ? monotonicNs() - moment : 0;
}

/** For the heartbeat: the next copies are spread by how many there have been since the last one. */
export function spreadTimings(): void {
  every = 1 + begun / ENOUGH;
  begun = 0;
}
