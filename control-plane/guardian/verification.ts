import { recovered } from '../telemetry/detector.ts';
import { type Goodness, pooled } from '../telemetry/goodness.ts';

/** What a change is judged against: goodput without it, and on how many requests that was measured. */
export type Prediction = Pick<Goodness, 'ratio' | 'expected'>;

export type Verdict = 'pending' | 'better' | 'worse' | 'no-better';

export interface Judgement {
  readonly verdict: Verdict;
  /** Good ratio of the newest (at most two) windows since the change took effect; the prediction's before there are any. */
  readonly after: number;
  /** Users are well again by the detector's recovery rule, counted from the change on. */
  readonly recovered: boolean;
  /** Windows judged. */
  readonly windows: number;
}

export interface Verifier {
  /**
   * Takes in the next window; `at` is its end, `load` what the mesh carried (telemetry/load.ts). Windows that mostly lie before
   * the change took effect, and those in which users were not seen, are passed over.
   */
  update(at: number, windowMs: number, now: Goodness, load?: number): Judgement;
}

/** By how much a mitigation must move the good ratio to be worth its place, and by how much a harmful one is taken to move it. */
const EFFECT = 0.03;
const HARM = 0.15;
/** Below the prediction by this much, even the first window after the change counts. */
const COLLAPSE = 0.3;
/** Below this share of the load before, something is relieved; and for how long that may put off the end of a trial. */
const RELIEF = 0.8;
const RELIEF_MS = 10_000;
/** A trial that has shown a gain within chance goes on for this long. */
const PROMISE_MS = 4000;
/** Evidence in nats for `worse`: the error of Wald's test is about e^−4 = 2%. */
const WORSE = 4;

/**
 * Judges one change by a sequential test (A. Wald, 1945) on good answers against what was predicted without it.
 *
 * `worse`: log-likelihood of (prediction − 0.15) over the prediction above 4 nats. In the first `graceMs` a queue that drains
 * looks like failure, so only a collapse counts there (0.3 below, by three standard errors). `better` early: the newest two
 * windows above the prediction by 2.5 standard errors, or recovered. At the end of the trial 1.7 standard errors (a chance of
 * one in twenty) and 3 points decide, on the newest three windows, or 2 on
 * the newest two; 2 below is `worse`. A gain of one standard error or more is watched for {@link PROMISE_MS} longer, on all windows
 * but the first, and the rest is `no-better`. The prediction's own standard error is always part of the comparison.
 */
export function createVerifier(options: {
  readonly predicted: Prediction;
  readonly effectiveAt: number;
  readonly trialMs: number;
  /** Default 1000; 0 for a removal, where nothing drains. */
  readonly graceMs?: number;
  /** Load behind the entry before the change; absent = not known, and no trial is extended. */
  readonly loadBefore?: number;
}): Verifier {
  const { predicted, effectiveAt, trialMs, graceMs = 1000, loadBefore = 0 } = options;
  const p = Math.min(0.99, Math.max(0.01, predicted.ratio));
  const variance = (g: Prediction) => {
    const ratio = Math.min(0.98, Math.max(0.02, g.ratio));
    return (ratio * (1 - ratio)) / Math.max(1, g.expected);
  };
  const windows: Goodness[] = [];
  let evidence = 0;
  /** The trial is over and goes on for what it promises: its newest windows were looked at once and did not say enough. */
  let extended = false;

  return {
    update(at, windowMs, now, load = Number.POSITIVE_INFINITY) {
      if (now.unseen || at - windowMs / 2 <= effectiveAt)
        return judged('pending', windows.length > 0 ? pooled(windows.slice(-2)).ratio : p, windows);
      windows.push(now);
      const elapsed = at - effectiveAt;
      const newest = pooled(windows.slice(-2));
      const spread = Math.sqrt(variance(newest) + variance(predicted));
      const alone = Math.sqrt(variance(now) + variance(predicted));

      if (elapsed - windowMs < graceMs) {
        if (now.ratio < p - COLLAPSE && now.ratio < p - 3 * alone) return judged('worse', now.ratio, windows);
      } else {
        // A prediction that is itself uncertain must not convict: harm is counted from its lower end.
        const base = Math.max(0.02, p - Math.sqrt(variance(predicted)));
        evidence = Math.max(0, evidence + harmEvidence(now, base));
        if (evidence > WORSE && newest.ratio < base) return judged('worse', newest.ratio, windows);
      }
      const gain = newest.ratio - p;
      const well = recovered(windows);
      if (well && gain > 0) return judged('better', newest.ratio, windows);
      if (windows.length >= 2 && gain > Math.max(2 * EFFECT, 2.5 * spread))
        return judged('better', newest.ratio, windows);
      if (elapsed < trialMs || windows.length < 2) return judged('pending', newest.ratio, windows);
      const last = pooled(windows.slice(-3));
      const error = Math.sqrt(variance(last) + variance(predicted));
      // Two windows ask for more than three: a drained queue shows in the newest ones only.
      const helped = last.ratio - p > Math.max(EFFECT, 1.7 * error) || gain > Math.max(EFFECT, 2 * spread);
      // A small gain shows only in more windows than the trial has.
      const long = pooled(windows.slice(1));
      const longError = Math.sqrt(variance(long) + variance(predicted));
      const settled = long.ratio - p > Math.max(EFFECT, 2 * longError);
      const promising = long.ratio - p > Math.max(EFFECT, longError) && elapsed < trialMs + PROMISE_MS;
      const harmed = last.ratio < p - Math.max(EFFECT, 2 * error);
      const relieved = load < RELIEF * loadBefore && elapsed < trialMs + RELIEF_MS && last.ratio > p - EFFECT;
      const better = settled || (helped && !extended);
      extended ||= promising;
      return judged(
        better ? 'better' : relieved || promising ? 'pending' : harmed ? 'worse' : 'no-better',
        last.ratio,
        windows,
      );
    },
  };
}

function harmEvidence(now: Goodness, base: number): number {
  const harmed = Math.max(0.01, base - HARM);
  const good = Math.min(now.good, now.expected);
  const bad = now.expected - good;
  return good * Math.log(harmed / base) + bad * Math.log((1 - harmed) / (1 - base));
}

const judged = (verdict: Verdict, after: number, windows: readonly Goodness[]): Judgement => ({
  verdict,
  after,
  recovered: recovered(windows),
  windows: windows.length,
});
