import type { Diagnosis, Symptom } from '../mesh/record.ts';
import { type HealthyState, isSeen, type Snapshot } from '../mesh/snapshot.ts';
import type { EdgeId, ServiceId, Topology } from '../mesh/topology.ts';
import { CountCusum, TwoOfThree } from './cusum.ts';
import { createEdgeWatch, type EdgeWatch, type RawSymptom } from './edge-symptoms.ts';
import { type Goodness, goodness, isSurge, OutcomeMeter, pooled } from './goodness.ts';
import { READY_WINDOWS } from './healthy.ts';
import { originsOf } from './origins.ts';
import { createServiceWatch, type ServiceWatch } from './service-symptoms.ts';

/**
 * Evidence in nats before users count as impaired. By Wald's bound a false alarm comes at most every e^10 ≈ 22,000 windows
 * of Poisson traffic with the tolerated ratio of bad answers; the cap on one window's evidence makes it rarer still, and traffic
 * with fewer bad answers than are tolerated far rarer.
 */
const THRESHOLD = 10;
/** Recovered: this many windows in a row, together at 95% of what healthy traffic gives, none of them far below; the protected priority at 90%. */
export const RECOVERY = { windows: 3, ratio: 0.95, worst: 0.85, priority: 0.9 } as const;

export interface Detector {
  /** Takes the next window in. `healthy` is the state the window is judged against. */
  update(snapshot: Snapshot, healthy: HealthyState): Diagnosis;
  /** Goodput of the windows so far, newest last, at most the last 30. */
  recent(): readonly Goodness[];
  /** Forgets everything but the topology (after the world was reset). */
  reset(): void;
}

/**
 * Compares each edge with its own healthy state and its SLO, and users' goodput with what healthy traffic would give. One
 * detector watches one world; it keeps evidence from window to window. While the healthy state is not ready it only reports
 * goodput and is never impaired.
 */
export function createDetector(topology: Topology): Detector {
  const edgeWatches = () =>
    new Map<EdgeId, EdgeWatch>(Object.values(topology.edges).map((e) => [e.id, createEdgeWatch(e)]));
  const serviceWatches = () =>
    new Map<ServiceId, ServiceWatch>(Object.keys(topology.services).map((id) => [id, createServiceWatch(id)]));
  let edges = edgeWatches();
  let services = serviceWatches();
  let entry = createEntryWatch(topology);
  let surge = new TwoOfThree();
  let previous = new Map<string, { severity: number; at: number }>();
  let recent: Goodness[] = [];
  /** What was last said of each edge and service: it stands while they are not seen. */
  const said = new Map<EdgeId | ServiceId, RawSymptom[]>();

  function symptomsOf(snapshot: Snapshot, healthy: HealthyState): RawSymptom[] {
    const out: RawSymptom[] = [];
    const { at, windowMs } = snapshot;
    for (const [id, watch] of edges) {
      const window = snapshot.edges[id];
      const state = healthy.edges[id];
      if (window && isSeen(snapshot, id))
        said.set(id, watch.update(at, windowMs, window, state && state.windows >= 5 ? state : undefined));
      out.push(...(said.get(id) ?? []));
    }
    for (const [id, watch] of services) {
      const window = snapshot.services[id];
      if (window && isSeen(snapshot, id)) said.set(id, watch.update(at, windowMs, window, healthy.services[id]));
      out.push(...(said.get(id) ?? []));
    }
    return out;
  }

  function withGrowth(raw: readonly RawSymptom[], at: number): Symptom[] {
    const next = new Map<string, { severity: number; at: number }>();
    const out = raw.map((s) => {
      const key = `${s.kind}@${'edge' in s.target ? s.target.edge : s.target.service}`;
      const before = previous.get(key);
      next.set(key, { severity: s.severity, at });
      const growth = before && at > before.at ? ((s.severity - before.severity) * 1000) / (at - before.at) : 0;
      return { ...s, growth };
    });
    previous = next;
    return out.sort((a, b) => b.severity - a.severity);
  }

  return {
    update(snapshot, healthy) {
      const { at } = snapshot;
      const above = isSurge(snapshot.entry.offered, healthy, topology.entry, snapshot.windowMs);
      const { active: inSurge, since: surgeSince } = surge.update(at, snapshot.windowMs, above);
      const now = goodness(snapshot, healthy, topology.entry, inSurge);
      recent = [...recent.slice(-29), now];
      const ready = (healthy.edges[topology.entry]?.windows ?? 0) >= READY_WINDOWS;
      const raw = symptomsOf(snapshot, healthy);
      const users = entry.update(snapshot, healthy, now, recent);
      const goodRatio = pooled(recent.filter((g) => !g.unseen).slice(-2)).ratio;
      if (!ready) return { at, symptoms: [], origins: [], impaired: false, goodRatio };
      if (users.impaired)
        raw.push({ kind: 'goodput', target: { edge: topology.entry }, severity: 1 - goodRatio, since: users.since });
      if (now.surge) {
        const usual = healthy.edges[topology.entry]!.rate;
        const severity = Math.max(0, 1 - usual / snapshot.entry.offered);
        raw.push({ kind: 'surge', target: { edge: topology.entry }, severity, since: surgeSince ?? at });
      }
      const symptoms = withGrowth(raw, at);
      return { at, symptoms, origins: originsOf(topology, symptoms), impaired: users.impaired, goodRatio };
    },
    recent: () => recent,
    reset() {
      edges = edgeWatches();
      services = serviceWatches();
      entry = createEntryWatch(topology);
      surge = new TwoOfThree();
      previous = new Map();
      recent = [];
      said.clear();
    },
  };
}

interface UsersState {
  readonly impaired: boolean;
  readonly since: number;
}

/** Whether users suffer: the alarm by evidence, its end by the recovery rule. */
function createEntryWatch(topology: Topology) {
  const meter = new OutcomeMeter(topology.edges[topology.entry]?.sloLatencyMs ?? 1000);
  // The recovery rule ends the alarm, not calm windows: users are well when goodput is back, not when evidence fades.
  const cusum = new CountCusum(THRESHOLD, Number.POSITIVE_INFINITY);
  // Those who matter most are few: all of them may fail without much showing in the whole.
  const priority = new CountCusum(THRESHOLD, Number.POSITIVE_INFINITY);
  let impaired = false;
  let since = 0;

  return {
    update(snapshot: Snapshot, healthy: HealthyState, now: Goodness, recent: readonly Goodness[]): UsersState {
      // Nothing can be said of users who are not seen; what was said of them stands.
      if (now.unseen) return { impaired, since };
      const { at, windowMs } = snapshot;
      const usualBad = 1 - (healthy.edges[topology.entry]?.goodRatio ?? 1);
      const p0 = Math.min(0.08, Math.max(0.02, 0.01 + 1.5 * usualBad));
      const window = snapshot.edges[topology.entry];
      const outcome = window ? meter.update(window, windowMs) : undefined;
      let n = now.expected;
      let bad = now.expected - now.good;
      if (outcome && !now.surge) {
        // What was pending at the window's borders belongs to its neighbours; the meter knows, the ratio does not.
        n = outcome.offered;
        bad = outcome.bad;
      }
      const state = cusum.update(at, windowMs, { n, bad, p0, p1: p0 + 0.1 });
      const { protectedExpected, protectedGood } = now;
      const missing = Math.max(0, protectedExpected - protectedGood);
      const important = priority.update(at, windowMs, {
        n: protectedExpected,
        bad: missing,
        p0: p0 + 0.01,
        p1: p0 + 0.2,
      });
      if ((state.active || important.active) && !impaired) {
        impaired = true;
        since = (state.active ? state.since : important.since) ?? at - windowMs;
      }
      if (impaired && recovered(recent)) {
        impaired = false;
        cusum.reset();
        priority.reset();
      }
      return { impaired, since };
    },
  };
}

/**
 * {@link RECOVERY}, with one request of tolerance a window: at 25 requests a second one bad answer is 4%. A window without
 * traffic is well, one in which the entry was not heard is not.
 */
export function recovered(recent: readonly Goodness[]): boolean {
  const last = recent.slice(-RECOVERY.windows);
  if (last.length < RECOVERY.windows || last.some((g) => g.unseen)) return false;
  const worst = last.every((g) => g.good + 1 >= RECOVERY.worst * g.expected);
  const all = pooled(last);
  const whole = all.good + 1 >= RECOVERY.ratio * all.expected;
  return worst && whole && all.protectedGood + 1 >= RECOVERY.priority * all.protectedExpected;
}
