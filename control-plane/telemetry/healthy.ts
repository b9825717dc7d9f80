import { type EdgeSample, healthyEdge, healthyService, mean, type ServiceSample } from '../mesh/healthy.ts';
import { type HealthyEdge, type HealthyService, type HealthyState, isSeen, type Snapshot } from '../mesh/snapshot.ts';
import type { EdgeId, Topology } from '../mesh/topology.ts';

/** Clean windows before the state is used. */
export const READY_WINDOWS = 8;
/** Clean windows the medians run over: two minutes, slow against an incident and fast against the time of day. */
const SPAN = 120;
/** Above this many windows the medians are taken again only every fifth window. */
const SETTLED = 30;

/** Clean windows that must follow before one counts: as long as a trouble may go on before the detector notices it. */
const HELD = 5;

/**
 * What a window says of health. `clean`: no symptom, fault or mitigation in it, the users' entry heard. `touched`: somebody put
 * a fault or mitigation in force, so it is not as usual, but it casts no doubt on those before. `unwell`: a trouble was noticed,
 * or the entry was not heard, and those before may have been its beginning.
 */
export type WindowState = 'clean' | 'touched' | 'unwell';

export interface HealthyTracker {
  /**
   * Holds a clean window back until as many clean ones followed that it was not the unnoticed beginning of a trouble; a
   * touched one takes in what is held, an unwell one drops it, unless clean ones have been dropped for minutes. Edges and services that were not seen in a window are left out.
   * Until it is {@link ready} nothing can be noticed, so clean windows are taken in at once. Returns the state after it.
   */
  update(snapshot: Snapshot, window: WindowState): HealthyState;
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
  /** Oldest first. */
  let held: Snapshot[] = [];
  /** Clean windows in a row, and those dropped since there were so many that one counts. */
  let row = 0;
  let dropped = 0;
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
    if (cleanWindows <= SETTLED || cleanWindows % 5 === 0) state = compute();
  }

  /** Takes in all that is held but the newest `but`. */
  function takeAll(but: number): void {
    const certain = held.slice(0, Math.max(0, held.length - but));
    held = held.slice(certain.length);
    for (const snapshot of certain) take(snapshot);
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

  const ready = () => cleanWindows >= READY_WINDOWS || (state.edges[topology.entry]?.windows ?? 0) >= READY_WINDOWS;

  return {
    update(snapshot, window) {
      row = window === 'clean' ? row + 1 : 0;
      if (row > HELD) dropped = 0;
      if (window === 'clean') {
        held.push(snapshot);
        takeAll(ready() ? HELD : 0);
      } else if (window === 'touched') takeAll(0);
      // A small symptom that comes again and again is no beginning of anything, and would end all learning.
      else if (dropped < SPAN) {
        dropped += held.length;
        held = [];
      }
      return state;
    },
    current: () => state,
    ready,
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
