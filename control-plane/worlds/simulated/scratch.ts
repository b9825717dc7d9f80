import { type Compiled, SAMPLES, SLOTS } from './compiled.ts';
import type { ActiveFault } from './state.ts';

/** Kinds of outcome of a call. */
export const OK = 0;
export const HTTP5XX = 1;
export const TIMEOUT = 2;
export const CONNECT = 3;

/** Room for one step's intermediate results; shared by all simulations of one application, never kept between steps. */
export interface Scratch {
  /** Faults at work now, per service. */
  readonly faults: (readonly ActiveFault[])[];
  /** Per service and sample: own time, time in callees, whether it succeeds. */
  readonly own: Float64Array;
  readonly down: Float64Array;
  readonly ok: Uint8Array;
  /** Per replica: mean wait for a worker (backlog), mean wait by chance, slowing of its own work, state. */
  readonly wait: Float64Array;
  readonly chanceWait: Float64Array;
  readonly slow: Float64Array;
  readonly hold: Float64Array;
  readonly servers: Float64Array;
  readonly most: Float64Array;
  /** 1 = hangs, 2 = refuses connections. */
  readonly broken: Uint8Array;
  readonly cpuLeft: Float64Array;
  /** Time a fault holds requests of this replica alone, and whether least-request balancing goes round it. */
  readonly held: Float64Array;
  readonly heavy: Uint8Array;
  readonly burnt: Float64Array;
  readonly arrivals: Float64Array;
  /** Per edge and sample: latency to the caller after retries, outcome, attempts. */
  readonly latency: Float64Array;
  readonly outcome: Uint8Array;
  readonly attempts: Float64Array;
  /** Per edge: means over samples. */
  readonly meanLatency: Float64Array;
  readonly meanAttempts: Float64Array;
  readonly meanAttemptLatency: Float64Array;
  /** Attempts per request and failures per request by endpoint [edge × SLOTS], and to the stand-by [edge × SLOTS]. */
  readonly toReplica: Float64Array;
  readonly failedAt: Float64Array;
  readonly toBackup: Float64Array;
  readonly offered: Float64Array;
  readonly passed: Float64Array;
  readonly hosts: Int32Array;
  readonly hostCount: Int32Array;
  readonly ejectedCount: Int32Array;
}

export function scratchFor(c: Compiled): Scratch {
  const services = c.serviceIds.length;
  const edges = c.edgeIds.length;
  const replicas = () => new Float64Array(services * SLOTS);
  return {
    faults: c.serviceIds.map(() => []),
    own: new Float64Array(services * SAMPLES),
    down: new Float64Array(services * SAMPLES),
    ok: new Uint8Array(services * SAMPLES),
    wait: replicas(),
    chanceWait: replicas(),
    slow: replicas(),
    hold: replicas(),
    servers: replicas(),
    most: replicas(),
    broken: new Uint8Array(services * SLOTS),
    cpuLeft: replicas(),
    held: replicas(),
    heavy: new Uint8Array(services * SLOTS),
    burnt: replicas(),
    arrivals: replicas(),
    latency: new Float64Array(edges * SAMPLES),
    outcome: new Uint8Array(edges * SAMPLES),
    attempts: new Float64Array(edges * SAMPLES),
    meanLatency: new Float64Array(edges),
    meanAttempts: new Float64Array(edges),
    meanAttemptLatency: new Float64Array(edges),
    toReplica: new Float64Array(edges * SLOTS),
    failedAt: new Float64Array(edges * SLOTS),
    toBackup: new Float64Array(edges * SLOTS),
    offered: new Float64Array(edges),
    passed: new Float64Array(edges),
    hosts: new Int32Array(edges * SLOTS),
    hostCount: new Int32Array(edges),
    ejectedCount: new Int32Array(edges),
  };
}

/** A hash of a step's seed and a place, 32 bits: the same whatever was done before, so that two rollouts differ only by what differs. */
export function hash(seed: number, a: number, b: number): number {
  let h = (seed ^ Math.imul(a + 1, 0x9e3779b1) ^ Math.imul(b + 1, 0x85ebca6b)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}
