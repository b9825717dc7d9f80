import { type EdgeWindow, type HealthyState, isSeen, type Snapshot } from '../mesh/snapshot.ts';
import type { EdgeId } from '../mesh/topology.ts';

/** How many requests users should have had answered well in a window, and how many were. */
export interface Goodness {
  /** Good answers expected, as a count (not a rate). */
  readonly expected: number;
  readonly good: number;
  /** good ÷ expected, 0..1; 1 where nothing was expected. */
  readonly ratio: number;
  /** Far more was offered than is usual, so that this is judged by the protected priority and by what is usual. */
  readonly surge: boolean;
  /** The same counts for requests with the protected priority; 0 where there is none. */
  readonly protectedExpected: number;
  readonly protectedGood: number;
  /** The users' entry was not heard: this says nothing, though it reads as if nothing had been offered. */
  readonly unseen?: true;
}

/** Above this multiple of the healthy rate the offered load counts as a surge. */
export const SURGE = 1.6;
/** In a surge this share of the usual goodput must still be there beside the protected priority. */
const SURGE_FLOOR = 0.75;

/**
 * Goodput at the users' entry against what healthy traffic would give (design, "Reward"): good ÷ (offered × healthy good ratio).
 * In a surge nobody can serve all that is asked, so it is the protected priority that is held to its ratio, and the total to
 * three quarters of the usual goodput; without a protected priority, to the usual goodput. Whether it is a surge is said by
 * the detector, which waits for a second window. Nothing is expected of a window in which the entry is not heard.
 */
export function goodness(snapshot: Snapshot, healthy: HealthyState, entry: EdgeId, surge: boolean): Goodness {
  if (!isSeen(snapshot, entry)) return { ...of(0, 0, false, { protectedExpected: 0, protectedGood: 0 }), unseen: true };
  const seconds = snapshot.windowMs / 1000;
  const base = healthy.edges[entry];
  const usual = base && base.windows > 0 ? base.rate : 0;
  const healthyRatio = base && base.windows > 0 ? Math.max(0.5, base.goodRatio) : 1;
  const e = snapshot.entry;
  const offered = count(e.offered, seconds);
  const good = Math.min(offered, count(e.good, seconds));
  const asked = count(e.protectedOffered, seconds);
  const priority = {
    protectedExpected: asked * healthyRatio,
    protectedGood: Math.min(asked, count(e.protectedGood, seconds)),
  };
  if (!surge || usual <= 0) return of(offered * healthyRatio, good, false, priority);
  const total = of(usual * healthyRatio * seconds * (asked > 0 ? SURGE_FLOOR : 1), good, true, priority);
  if (asked <= 0) return total;
  const ofPriority = of(priority.protectedExpected, priority.protectedGood, true, priority);
  return ofPriority.ratio <= total.ratio ? ofPriority : total;
}

/** Offered is far above usual, and by more than chance: three standard deviations of a Poisson count. */
export function isSurge(offered: number, healthy: HealthyState, entry: EdgeId, windowMs: number): boolean {
  const seconds = windowMs / 1000;
  const usual = healthy.edges[entry]?.rate ?? 0;
  return usual > 0 && offered > SURGE * usual && (offered - usual) * seconds > 3 * Math.sqrt(usual * seconds) + 3;
}

/** good ÷ expected over several windows, weighted by what was expected. */
export function pooled(parts: readonly Goodness[]): Goodness {
  let expected = 0;
  let good = 0;
  const priority = { protectedExpected: 0, protectedGood: 0 };
  for (const p of parts) {
    expected += p.expected;
    good += Math.min(p.good, p.expected);
    priority.protectedExpected += p.protectedExpected;
    priority.protectedGood += Math.min(p.protectedGood, p.protectedExpected);
  }
  const surge = parts.some((p) => p.surge);
  return of(expected, good, surge, priority);
}

type Priority = Pick<Goodness, 'protectedExpected' | 'protectedGood'>;

function of(expected: number, good: number, surge: boolean, priority: Priority): Goodness {
  return { expected, good, ratio: expected > 0 ? Math.min(1, good / expected) : 1, surge, ...priority };
}

const count = (rate: number, seconds: number) => (Number.isFinite(rate) ? Math.max(0, rate) * seconds : 0);

/** What became of an edge's requests in one window, as counts. */
export interface Outcome {
  readonly offered: number;
  readonly bad: number;
  /** Bad without having failed: late already, or answered late. */
  readonly slow: number;
}

/**
 * Turns rates into outcomes by conservation: what was pending, plus what was offered, minus what was good, minus what may still
 * become good, is bad. Only as many requests may be pending as arrive within the edge's SLO latency; the rest are late
 * already, which is how a callee that hangs is seen before the first time-out.
 */
export class OutcomeMeter {
  readonly #sloMs: number;
  #pending: number | undefined;

  constructor(sloLatencyMs: number) {
    this.#sloMs = sloLatencyMs;
  }

  update(w: EdgeWindow, windowMs: number): Outcome {
    const seconds = windowMs / 1000;
    const offered = count(w.rate, seconds);
    const good = count(w.good, seconds);
    const failed = count(w.failed, seconds);
    const room = (Math.max(w.rate, 0) * this.#sloMs) / 1000;
    const pending = Math.min(Math.max(0, w.inFlight), room + Math.sqrt(room) + 1);
    const before = this.#pending ?? pending;
    this.#pending = pending;
    const bad = Math.min(before + offered, Math.max(failed, before + offered - good - pending));
    return { offered, bad, slow: Math.max(0, bad - failed) };
  }
}
