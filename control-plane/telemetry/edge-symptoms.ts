import type { Symptom } from '../mesh/record.ts';
import type { EdgeWindow, HealthyEdge } from '../mesh/snapshot.ts';
import type { Edge } from '../mesh/topology.ts';
import { CountCusum, TwoOfThree } from './cusum.ts';
import { OutcomeMeter } from './goodness.ts';

/** A symptom before its growth is known. */
export type RawSymptom = Omit<Symptom, 'growth'>;

/** Evidence in nats for a symptom: it opens no incident by itself, so it may be raised on less than the entry's alarm. */
const THRESHOLD = 9;

/** Watches one edge against its own healthy state and its SLO. */
export interface EdgeWatch {
  update(at: number, windowMs: number, w: EdgeWindow, healthy: HealthyEdge | undefined): RawSymptom[];
}

export function createEdgeWatch(edge: Edge): EdgeWatch {
  const meter = new OutcomeMeter(edge.sloLatencyMs);
  const errors = new CountCusum(THRESHOLD);
  const timeouts = new CountCusum(THRESHOLD);
  const late = new CountCusum(THRESHOLD);
  const retries = new CountCusum(THRESHOLD);
  const slow = new TwoOfThree();
  const crowded = new TwoOfThree();
  const refused = new CountCusum(THRESHOLD);

  return {
    update(at, windowMs, w, healthy) {
      const symptoms: RawSymptom[] = [];
      const seconds = windowMs / 1000;
      const { offered, slow: lateCount } = meter.update(w, windowMs);
      const target = { edge: edge.id };
      const say = (kind: Symptom['kind'], severity: number, since: number | undefined) =>
        symptoms.push({ kind, target, severity: unit(severity), since: since ?? at - windowMs });

      // What a proxy refuses by a mitigation of ours (overflow, shed) is no failure of the callee.
      const own = (w.errors.http5xx + w.errors.connect + w.errors.reset) * seconds;
      const gaveUp = w.errors.timeout * seconds;
      const n = Math.max(offered, own + gaveUp);
      const usualErrors = Math.min(0.2, healthy?.errorRatio ?? 0);
      const usualBad = Math.min(0.2, 1 - (healthy?.goodRatio ?? 1));

      const e = errors.update(at, windowMs, { n, bad: own, p0: 0.02 + usualErrors, p1: 0.17 + usualErrors });
      if (e.active) say('errors', n > 0 ? own / n : 0, e.since);
      const t = timeouts.update(at, windowMs, { n, bad: gaveUp, p0: 0.015 + usualErrors, p1: 0.12 + usualErrors });
      if (t.active) say('timeouts', n > 0 ? gaveUp / n : 0, t.since);

      const l = late.update(at, windowMs, { n: offered, bad: lateCount, p0: 0.03 + usualBad, p1: 0.2 + usualBad });
      const shifted = healthy !== undefined && isSlow(w, healthy, edge.sloLatencyMs);
      const s = slow.update(at, windowMs, shifted);
      if (l.active || s.active) {
        const byCount = offered > 0 ? lateCount / offered : 0;
        const byTime = healthy && w.latency.p50 > 0 ? 0.5 * (1 - healthy.p50 / w.latency.p50) : 0;
        say('slow', Math.max(byCount, byTime), l.active ? l.since : s.since);
      }

      const again = w.retries * seconds;
      const r = retries.update(at, windowMs, { n: n + again, bad: again, p0: 0.05 + usualErrors, p1: 0.3 });
      if (r.active) say('retry-amplification', again / Math.max(1, n), r.since);

      const crowd = healthy !== undefined && w.inFlight > 4 * healthy.inFlight + 4;
      const c = crowded.update(at, windowMs, crowd);
      const overflow = w.errors.overflow * seconds;
      const o = refused.update(at, windowMs, { n: Math.max(offered, overflow), bad: overflow, p0: 0.02, p1: 0.17 });
      if (c.active || o.active) {
        const full = healthy && w.inFlight > 0 ? 1 - (4 * healthy.inFlight + 4) / w.inFlight : 0;
        say('saturation', Math.max(full, offered > 0 ? overflow / offered : 0, 0.1), c.active ? c.since : o.since);
      }
      return symptoms;
    },
  };
}

/**
 * Answers as a whole became slow, even if still within the SLO: the median far above its own, or the tail far above the
 * healthy tail. The additive margins keep edges of a few milliseconds from alarming at a scheduler's whim.
 */
function isSlow(w: EdgeWindow, healthy: HealthyEdge, sloMs: number): boolean {
  const { p50, p90 } = w.latency;
  const margin = Math.max(10, 0.05 * sloMs);
  return p50 > 2.5 * healthy.p50 + margin || p90 > 2.5 * healthy.p99 + 2 * margin;
}

const unit = (x: number) => (Number.isFinite(x) ? Math.min(1, Math.max(0, x)) : 0);
