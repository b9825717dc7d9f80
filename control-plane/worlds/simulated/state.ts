import { type Compiled, type CompiledSettings, SLOTS } from './compiled.ts';
import type { Effect } from './effects.ts';

/** A fault at work: from when to when (ms of simulated time). */
export interface ActiveFault {
  readonly id: string;
  readonly service: number;
  readonly caller: number; // −2 = any, −1 = the users
  readonly effect: Effect;
  readonly from: number;
  readonly to: number;
}

/** Everything that changes while a simulation runs. Small and flat, so that a rollout can start from a copy. */
export interface State {
  now: number;
  step: number;
  seed: number;
  surge: number;
  surgeUntil: number;
  settings: CompiledSettings;
  /** Settings on their way to the proxies. */
  pending: readonly { readonly at: number; readonly settings: CompiledSettings }[];
  faults: readonly ActiveFault[];
  /** Per replica [service × SLOTS]. */
  readonly inSystem: Float64Array;
  /** When the replica answers, ms; Infinity = it does not exist. */
  readonly readyAt: Float64Array;
  readonly memory: Float64Array;
  readonly rejecting: Float64Array;
  readonly busyShare: Float64Array;
  readonly cpu: Float64Array;
  /** Per edge. */
  readonly refused: Float64Array;
  readonly overflowing: Float64Array;
  readonly shedding: Float64Array;
  readonly retryAllowed: Float64Array;
  readonly admissionTotal: Float64Array;
  readonly admissionGood: Float64Array;
  readonly inFlight: Float64Array;
  /** Per endpoint of an edge [edge × SLOTS]: ejected until, ms. */
  readonly ejectedUntil: Float64Array;
  /** Restarts per service since the window began. */
  readonly restarts: Float64Array;
}

export function initialState(c: Compiled, settings: CompiledSettings, seed: number): State {
  const replicas = c.serviceIds.length * SLOTS;
  const edges = c.edgeIds.length;
  const readyAt = new Float64Array(replicas).fill(Number.POSITIVE_INFINITY);
  const memory = new Float64Array(replicas);
  for (let s = 0; s < c.serviceIds.length; s++)
    for (let r = 0; r < settings.replicas[s]!; r++) {
      readyAt[s * SLOTS + r] = 0;
      memory[s * SLOTS + r] = c.specs[s]!.memory;
    }
  return {
    now: 0,
    step: 0,
    seed,
    surge: 1,
    surgeUntil: 0,
    settings,
    pending: [],
    faults: [],
    inSystem: new Float64Array(replicas),
    readyAt,
    memory,
    rejecting: new Float64Array(replicas),
    busyShare: new Float64Array(replicas),
    cpu: new Float64Array(replicas),
    refused: new Float64Array(edges),
    overflowing: new Float64Array(edges),
    shedding: new Float64Array(edges),
    retryAllowed: new Float64Array(edges).fill(1),
    admissionTotal: new Float64Array(edges),
    admissionGood: new Float64Array(edges),
    inFlight: new Float64Array(edges),
    ejectedUntil: new Float64Array(edges * SLOTS),
    restarts: new Float64Array(c.serviceIds.length),
  };
}

/** A copy that can go its own way. What is replaced rather than written to (settings, faults) is shared. */
export function cloneState(s: State): State {
  return {
    ...s,
    inSystem: s.inSystem.slice(),
    readyAt: s.readyAt.slice(),
    memory: s.memory.slice(),
    rejecting: s.rejecting.slice(),
    busyShare: s.busyShare.slice(),
    cpu: s.cpu.slice(),
    refused: s.refused.slice(),
    overflowing: s.overflowing.slice(),
    shedding: s.shedding.slice(),
    retryAllowed: s.retryAllowed.slice(),
    admissionTotal: s.admissionTotal.slice(),
    admissionGood: s.admissionGood.slice(),
    inFlight: s.inFlight.slice(),
    ejectedUntil: s.ejectedUntil.slice(),
    restarts: s.restarts.slice(),
  };
}
