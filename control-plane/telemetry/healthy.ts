import { type EdgeSample, healthyEdge, healthyService, mean, type ServiceSample } from '../mesh/healthy.ts';
import { type HealthyEdge, type HealthyService, type HealthyState, isSeen, type Snapshot } from '../mesh/snapshot.ts';
import type { EdgeId, Topology } from '../mesh/topology.ts';

/** Clean windows before the state is used. */
export const READY_WINDOWS = 8;
/** Clean windows the medians run over: two minutes, slow against an incident and fast against the time of day. */
const SPAN = 120;
/** Above this many windows the medians are taken again only every fifth window. */
const SETTLED = 30;

export interface HealthyTracker {
  /**
   * Takes a window in when `clean` (no symptom, fault or mitigation in it, the users' entry heard), without the edges and
   * services that were not seen in it; returns the state after it.
   */
  update(snapshot: Snapshot, clean: boolean): HealthyState;
  current(): HealthyState;
  /** Enough clean windows (or a state from before a restart) to judge by. */
  ready(): boolean;
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
      if (!w || !Number.isFinite(w.rate) || !isSeen(snapshot, id)) continue;
      const { rate, good, failed, inFlight, latency } = w;
      push(edges, id, { rate, good, failed, inFlight, latency });
    }
    for (const id of Object.keys(topology.services)) {
      const w = snapshot.services[id];
      if (w && isSeen(snapshot, id)) push(services, id, { cpu: w.cpu, memory: w.memory, replicas: w.replicas });
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
