// What chaos tells the host without being asked: metrics and lines of the log. Both wait in the module until the root's next tick,
// at most 100 ms, and go all at once: a call each would cost more than most of what they tell of.
import { logBytes } from '../abi/call';
import { INFO } from '../abi/types';
import { tallyMany, tellTallies } from '../lib/metrics';
import { monotonic } from './clock';
import { Root } from './state';
import { arm } from './waiting';

/** How long something may wait, ns. */
const LATER: u64 = 100000000;
const LINES: u32 = 4096;
const lines: usize = memory.data(4096, 8);
let linesLen: u32 = 0;
let untold: bool = false;

/** Gauges go both ways. */
export function add(metric: u32, n: i32): void {
  tallyMany(metric, n);
  untold = true;
}

export function count(metric: u32): void {
  add(metric, 1);
}

/** A line for the log, shorter than 4 KiB. */
export function logLine(p: usize, n: u32): void {
  if (linesLen + n >= LINES) tellLines();
  if (linesLen != 0) store<u8>(lines + linesLen++, 10);
  memory.copy(lines + linesLen, p, n);
  linesLen += n;
  untold = true;
}

function tellLines(): void {
  if (linesLen != 0) logBytes(INFO, lines, linesLen);
  linesLen = 0;
}

/** Tells all of it. */
export function tell(): void {
  tellTallies();
  tellLines();
  untold = false;
}

/** At the end of a callback: sees to it that there is a tick to tell what has been kept back, and for all else that is to come. */
export function tellLater(r: Root): void {
  if (untold && r.tellAt == 0) r.tellAt = monotonic() + LATER;
  arm(r);
}
