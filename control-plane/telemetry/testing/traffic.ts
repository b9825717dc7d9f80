import { type Rng, rngOf } from '../../mesh/rng.ts';
import { type EdgeWindow, noErrors, type ServiceWindow, type Snapshot } from '../../mesh/snapshot.ts';
import { edge, service, topologyOf } from '../../mesh/testing/topology.ts';
import { type Edge, type EdgeId, INGRESS, type Service, type Topology } from '../../mesh/topology.ts';

/** shop: ingress>web, web>cart, web>pay, pay>bank (outside). `pay` has a redundant service, `cart` is optional. */
export function shop(): Topology {
  const services = [
    service('web', { replicas: 2 }),
    service('cart'),
    service('pay', { replicas: 2, failover: 'pay-standby' }),
    service('pay-standby'),
    service('bank', { external: true }),
  ];
  const edges = [
    edge(INGRESS, 'web'),
    edge('web', 'cart', { optional: true }),
    edge('web', 'pay'),
    edge('pay', 'bank', { idempotent: 'none' }),
  ];
  return topologyOf(services, edges);
}

/** What is wrong with one edge in a window: shares of its requests, and a delay added to all of them. */
export interface Trouble {
  readonly http5xx?: number;
  readonly timeout?: number;
  readonly slow?: number;
  readonly addedMs?: number;
  readonly shed?: number;
}

/** Poisson traffic over a topology, drawn request by request: what a detector must tell chance from trouble in. */
export interface Traffic {
  /** The next one-second window at `rate` requests/s, with troubles by edge. Entry requests fail when a called edge fails. */
  next(rate: number, troubles?: Readonly<Record<EdgeId, Trouble>>): Snapshot;
}

export function createTraffic(
  topology: Topology,
  seed: number,
  options: { base?: number; start?: number } = {},
): Traffic {
  const rng = rngOf(seed);
  const base = options.base ?? 0.002;
  let at = options.start ?? 1_000_000;
  return {
    next(rate, troubles = {}) {
      at += 1000;
      const edges: Record<EdgeId, EdgeWindow> = {};
      let entryFailed = 0;
      let entryLate = 0;
      const offered = poisson(rng, rate);
      const calls = new Map<string, number>();
      for (const edge of Object.values(topology.edges)) {
        const isEntry = edge.id === topology.entry;
        // The entry's callee calls with 60% of the requests, others with all: a request fails where a call it makes fails.
        const arriving = calls.get(edge.caller) ?? 0;
        const n = isEntry ? offered : edge.caller === 'web' ? thinned(rng, offered, 0.6) : arriving;
        calls.set(edge.callee, n);
        const w = drawEdge(rng, n, edge, base, troubles[edge.id] ?? {});
        edges[edge.id] = w;
        if (edge.caller === 'web' && !edge.optional) {
          entryFailed += w.failed;
          entryLate += w.rate - w.good - w.failed;
        }
      }
      const entry = edges[topology.entry]!;
      const failed = Math.min(offered, entry.failed + entryFailed);
      const good = Math.max(0, offered - failed - entryLate - (entry.rate - entry.good - entry.failed));
      edges[topology.entry] = { ...entry, good, failed };
      const protectedOffered = Math.round(offered * 0.3);
      const share = offered > 0 ? good / offered : 1;
      return {
        world: 'production',
        at,
        windowMs: 1000,
        entry: { offered, good, failed, protectedOffered, protectedGood: Math.round(protectedOffered * share) },
        edges,
        services: Object.fromEntries(Object.values(topology.services).map((s) => [s.id, calm(s)])),
        gaps: [],
      };
    },
  };
}

function drawEdge(rng: Rng, n: number, edge: Edge, base: number, t: Trouble): EdgeWindow {
  const errors = noErrors();
  const latencies: number[] = [];
  let late = 0;
  for (let i = 0; i < n; i++) {
    if (rng.chance(t.http5xx ?? base)) errors.http5xx++;
    else if (rng.chance(t.timeout ?? 0)) errors.timeout++;
    else if (rng.chance(t.shed ?? 0)) errors.shed++;
    else {
      const added = (t.addedMs ?? 0) + (rng.chance(t.slow ?? 0) ? edge.sloLatencyMs : 0);
      const ms = 12 * Math.exp(0.4 * rng.normal()) + added;
      if (ms > edge.sloLatencyMs) late++;
      latencies.push(ms);
    }
  }
  latencies.sort((a, b) => a - b);
  const at = (q: number) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? 0;
  const failed = errors.http5xx + errors.timeout + errors.shed;
  return {
    rate: n,
    good: n - failed - late,
    failed,
    errors,
    latency: { p50: at(0.5), p90: at(0.9), p99: at(0.99) },
    inFlight: poisson(rng, (n * at(0.5)) / 1000),
    retries: 0,
    hosts: 2,
    healthyHosts: 2,
    ejectedHosts: 0,
  };
}

const calm = (s: Service): ServiceWindow => ({
  replicas: s.replicas,
  ready: s.replicas,
  cpu: 0.15,
  cpuMax: 0.2,
  memory: 6e7,
  memoryMax: 6e7,
  memoryLimit: 0,
  restarts: 0,
});

const thinned = (rng: Rng, n: number, p: number): number => {
  let kept = 0;
  for (let i = 0; i < n; i++) if (rng.chance(p)) kept++;
  return kept;
};

/** Knuth's method; rates here are below 200. */
function poisson(rng: Rng, mean: number): number {
  const limit = Math.exp(-mean);
  let k = 0;
  for (let p = rng.uniform(); p > limit; p *= rng.uniform()) k++;
  return k;
}

/** What the collector makes of a window in which the callers' proxies are silent: nothing counted, and said. */
export function silenced(snapshot: Snapshot, ...callers: readonly string[]): Snapshot {
  const unseen = (Object.keys(snapshot.edges) as EdgeId[]).filter((id) => callers.includes(id.split('>')[0]!));
  const edges = { ...snapshot.edges };
  for (const id of unseen) {
    const none = { rate: 0, good: 0, failed: 0, errors: noErrors(), latency: { p50: 0, p90: 0, p99: 0 } };
    edges[id] = { ...none, inFlight: 0, retries: 0, hosts: 0, healthyHosts: 0, ejectedHosts: 0 };
  }
  const nobody = { offered: 0, good: 0, failed: 0, protectedOffered: 0, protectedGood: 0 };
  const entry = callers.includes(INGRESS) ? nobody : snapshot.entry;
  return { ...snapshot, entry, edges, unseen, gaps: callers.map((c) => `no metrics from ${c}`) };
}
