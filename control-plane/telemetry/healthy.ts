import type { HealthyEdge, HealthyService, HealthyState, Snapshot } from '../mesh/snapshot.ts';
import type { EdgeId, Topology } from '../mesh/topology.ts';

/** Clean windows before the state is used. */
export const READY_WINDOWS = 8;
/** Clean windows the medians run over: two minutes, slow against an incident and fast against the time of day. */
const SPAN = 120;
/** Above this many windows the medians are taken again only every fifth window. */
const SETTLED = 30;

/** Floors: a ratio to nothing says nothing, and a limit made from nothing would be a fault. */
const FLOOR = { rate: 0.2, p50: 1, p99: 5, inFlight: 1, cpu: 0.02, memory: 1 << 20 };

export interface HealthyTracker {
  /** Takes a window in when `clean` (no symptom, fault or mitigation in it) and returns the state after it. */
  update(snapshot: Snapshot, clean: boolean): HealthyState;
  current(): HealthyState;
  /** Enough clean windows (or a state from before a restart) to judge by. */
  ready(): boolean;
}

interface EdgeSample {
  rate: number;
  good: number;
  failed: number;
  p50: number;
  p99: number;
  inFlight: number;
}

interface ServiceSample {
  cpu: number;
  memory: number;
  replicas: number;
}

/**
 * Each edge's and service's own healthy state, from clean windows only. `initial` (from the store) stands until as many
 * windows of its own are in.
 */
export function createHealthyTracker(topology: Topology, initial?: HealthyState): HealthyTracker {
  const edges = new Map<EdgeId, EdgeSample[]>();
  const services = new Map<string, ServiceSample[]>();
  const goodput: number[] = [];
  let cleanWindows = 0;
  let state: HealthyState = initial ?? { edges: {}, services: {}, goodput: 0 };

  function take(snapshot: Snapshot): void {
    cleanWindows++;
    for (const id of Object.keys(topology.edges) as EdgeId[]) {
      const w = snapshot.edges[id];
      if (!w || !Number.isFinite(w.rate)) continue;
      const { rate, good, failed, inFlight } = w;
      push(edges, id, { rate, good, failed, inFlight, p50: w.latency.p50, p99: w.latency.p99 });
    }
    for (const id of Object.keys(topology.services)) {
      const w = snapshot.services[id];
      if (w) push(services, id, { cpu: w.cpu, memory: w.memory, replicas: w.replicas });
    }
    goodput.push(snapshot.entry.good);
    if (goodput.length > SPAN) goodput.shift();
  }

  function compute(): HealthyState {
    const edgeStates: Record<EdgeId, HealthyEdge> = {};
    for (const id of Object.keys(topology.edges) as EdgeId[]) {
      const samples = edges.get(id);
      const before = state.edges[id];
      if (samples && (samples.length >= READY_WINDOWS || !before)) edgeStates[id] = healthyEdge(samples);
      else if (before) edgeStates[id] = before;
    }
    const serviceStates: Record<string, HealthyService> = {};
    for (const id of Object.keys(topology.services)) {
      const samples = services.get(id);
      const before = state.services[id];
      if (samples && (samples.length >= READY_WINDOWS || !before)) serviceStates[id] = healthyService(samples);
      else if (before) serviceStates[id] = before;
    }
    const enough = goodput.length >= READY_WINDOWS || state.goodput === 0;
    return { edges: edgeStates, services: serviceStates, goodput: enough ? mean(goodput) : state.goodput };
  }

  return {
    update(snapshot, clean) {
      if (!clean) return state;
      take(snapshot);
      if (cleanWindows <= SETTLED || cleanWindows % 5 === 0) state = compute();
      return state;
    },
    current: () => state,
    ready: () => cleanWindows >= READY_WINDOWS || (state.edges[topology.entry]?.windows ?? 0) >= READY_WINDOWS,
  };
}

function push<K, T>(map: Map<K, T[]>, key: K, sample: T): void {
  const list = map.get(key);
  if (!list) map.set(key, [sample]);
  else {
    list.push(sample);
    if (list.length > SPAN) list.shift();
  }
}

function healthyEdge(samples: readonly EdgeSample[]): HealthyEdge {
  const rate = mean(samples.map((s) => s.rate));
  const answered = samples.filter((s) => s.p99 > 0);
  const offered = sum(samples.map((s) => s.rate));
  const p50 = Math.max(
    FLOOR.p50,
    quantile(
      answered.map((s) => s.p50),
      0.5,
    ),
  );
  // A window's p99 over n answers is their largest when n < 100, and P(largest of n ≤ true p99) = 0.99^n: the quantile of
  // windows that stands at the true p99 for this edge's traffic.
  const q = Math.min(0.95, Math.max(0.5, 0.99 ** rate));
  const p99 = Math.max(
    FLOOR.p99,
    p50,
    quantile(
      answered.map((s) => s.p99),
      q,
    ),
  );
  // Sampled in-flight is 0 most of the time on a fast edge; Little's law gives its mean.
  const inFlight = Math.max(
    FLOOR.inFlight,
    quantile(
      samples.map((s) => s.inFlight),
      0.5,
    ),
    (rate * p50) / 1000,
  );
  return {
    rate: Math.max(FLOOR.rate, rate),
    p50,
    p99,
    inFlight,
    goodRatio: offered > 0 ? Math.min(1, sum(samples.map((s) => s.good)) / offered) : 1,
    errorRatio: offered > 0 ? Math.min(1, sum(samples.map((s) => s.failed)) / offered) : 0,
    windows: samples.length,
  };
}

function healthyService(samples: readonly ServiceSample[]): HealthyService {
  return {
    cpu: Math.max(
      FLOOR.cpu,
      quantile(
        samples.map((s) => s.cpu),
        0.5,
      ),
    ),
    memory: Math.max(
      FLOOR.memory,
      quantile(
        samples.map((s) => s.memory),
        0.5,
      ),
    ),
    replicas: Math.max(
      1,
      Math.round(
        quantile(
          samples.map((s) => s.replicas),
          0.5,
        ),
      ),
    ),
    windows: samples.length,
  };
}

const sum = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0);
const mean = (xs: readonly number[]) => (xs.length === 0 ? 0 : sum(xs) / xs.length);

/** Quantile by the nearest rank; 0 for an empty list. */
function quantile(xs: readonly number[], q: number): number {
  if (xs.length === 0) return 0;
  const sorted = [...xs].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))]!;
}
