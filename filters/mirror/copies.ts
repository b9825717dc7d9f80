// The life of a copy: taken when a request is sampled, given back when neither answer is awaited any more.
import { tally, tallyMany } from '../lib/metrics';
import { give, take } from '../abi/heap';
import { put, remove } from '../abi/table';
import { freeChain } from './chain';
import * as metrics from './metrics';
import { Answer, answerOf, calls, Copy, COPY_SIZE, PRODUCTION, Root, rootOf, SHADOW, streams } from './state';

// A shadow is given as much as it has shown to answer. A few copies may be in flight at first; each that is answered lets there be
// one more, up to what may be, and each that fails one fewer. A tick frees a place where there is none: where all fail, what is left
// is one copy a tick to try it with.

/** Copies that may be in flight before any was answered: what they take of a proxy whose shadow never answers is nothing. */
const FIRST: u32 = 16;

/** A new configuration's shadow has shown nothing. */
export function openWindow(r: Root): void {
  r.window = min(r.maxInFlight, FIRST);
}

/** Whether no more copies may be in flight. */
export function isFull(r: Root): bool {
  return r.inFlight >= r.window;
}

/** A callout has failed. Its copy had a place in the window, so that there is one to take away. */
export function failed(r: Root): void {
  tally(metrics.FAILED);
  r.window--;
}

/** One copy more may be in flight. */
export function widen(r: Root): void {
  if (r.window < r.maxInFlight) r.window++;
}

/** A new copy of a stream, or null if there is no memory. Counts as in flight from here on. */
export function newCopy(r: Root, stream: u32): Copy | null {
  const p = take(COPY_SIZE);
  if (p == 0) return null;
  memory.fill(p, 0, COPY_SIZE);
  if (!put(streams, stream, p)) {
    give(p, COPY_SIZE);
    return null;
  }
  const c = changetype<Copy>(p);
  c.root = changetype<usize>(r);
  c.stream = stream;
  c.after = r.copies;
  if (r.copies != 0) changetype<Copy>(r.copies).before = p;
  r.copies = p;
  r.inFlight++;
  r.records++;
  tally(metrics.IN_FLIGHT);
  return c;
}

/** Counts bytes against the cap; false, and nothing counted, if they are too many. */
export function hold(c: Copy, n: u32): bool {
  const r = rootOf(c);
  if (n > r.maxHeld - r.held) return false;
  r.held += n;
  tallyMany(metrics.BYTES_HELD, n);
  c.held += n;
  return true;
}

export function letGo(c: Copy, n: u32): void {
  rootOf(c).held -= n;
  tallyMany(metrics.BYTES_HELD, -<i32>n);
  c.held -= n;
}

/**
 * The callout has ended, or there will be none: the copy no longer counts as in flight, though its record may go on to wait for
 * production's answer, which may stream for ever.
 */
export function land(c: Copy): void {
  if (c.landed) return;
  c.landed = true;
  letGo(c, c.heldRequest);
  rootOf(c).inFlight--;
  tallyMany(metrics.IN_FLIGHT, -1);
}

/** Gives a copy back, wherever it is. */
export function release(c: Copy): void {
  const r = rootOf(c);
  remove(streams, c.stream);
  remove(calls, c.call);
  remove(calls, c.second);
  freeHead(c);
  freeChain(c);
  freeIds(answerOf(c, PRODUCTION));
  freeIds(answerOf(c, SHADOW));
  if (c.before != 0) changetype<Copy>(c.before).after = c.after;
  else r.copies = c.after;
  if (c.after != 0) changetype<Copy>(c.after).before = c.before;
  land(c);
  letGo(c, c.held);
  r.records--;
  give(changetype<usize>(c), COPY_SIZE);
}

export function freeIds(a: Answer): void {
  if (a.ids != 0) give(a.ids, a.idsLen);
  a.ids = 0;
}

export function freeHead(c: Copy): void {
  if (c.head == 0) return;
  give(c.head, c.headLen);
  c.head = 0;
}

/** Gives a copy up before it was sent, for the reason the metric names. */
export function abandon(c: Copy, reason: u32): void {
  tally(reason);
  release(c);
}
