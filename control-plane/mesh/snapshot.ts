import type { EdgeId, ServiceId } from './topology.ts';

export type WorldName = 'simulation' | 'shadow' | 'production';

/** Failures per second by kind. Slow answers are not failures: they are what `good` lacks beside these. */
export interface ErrorRates {
  /** 5xx, or a gRPC status like it, answered by the callee itself. */
  http5xx: number;
  /** The proxy gave up waiting (response flag UT or per-try time-out). */
  timeout: number;
  /** No connection (UF, UH: no healthy endpoint). */
  connect: number;
  /** Connection reset or protocol error in the middle (UC, UR). */
  reset: number;
  /** Refused by a circuit breaker (UO). */
  overflow: number;
  /** Refused by load shedding (RL, admission control, adaptive concurrency). */
  shed: number;
}

/** One window of one edge, as its caller's sidecars saw it, summed over the caller's replicas. */
export interface EdgeWindow {
  /** Requests the caller offered, per second; retries not counted. */
  rate: number;
  /** Good answers per second (not a failure AND within the edge's SLO latency). */
  good: number;
  /** Failed answers per second, as the caller saw them after retries. */
  failed: number;
  errors: ErrorRates;
  /** Of all answers in the window, milliseconds; NaN-free: 0 when nothing was answered. */
  latency: { p50: number; p90: number; p99: number };
  /** Requests in flight at the window's end. */
  inFlight: number;
  /** Retried attempts per second. */
  retries: number;
  /** Callee endpoints known, healthy and currently ejected by outlier detection (largest over the caller's replicas). */
  hosts: number;
  healthyHosts: number;
  ejectedHosts: number;
}

/** One window of one service, from the machine (CPU, memory) and its sidecars. */
export interface ServiceWindow {
  /** Replicas asked for, and those that answer. */
  replicas: number;
  ready: number;
  /** Cores used ÷ cores allowed (or of one core where unlimited): mean and largest over replicas. */
  cpu: number;
  cpuMax: number;
  /** Resident bytes: mean and largest over replicas; limit 0 = none. */
  memory: number;
  memoryMax: number;
  memoryLimit: number;
  /** Replicas restarted in the window. */
  restarts: number;
}

/** Good and offered where the user enters; `protected*` is the share with the protected priority. */
export interface EntryWindow {
  offered: number;
  good: number;
  failed: number;
  protectedOffered: number;
  protectedGood: number;
}

/** One second of one world. `windowMs` is the window's true length; every rate is already divided by it. */
export interface Snapshot {
  readonly world: WorldName;
  /** End of the window on the world's clock, ms since the epoch. */
  readonly at: number;
  readonly windowMs: number;
  readonly entry: EntryWindow;
  readonly edges: Readonly<Record<EdgeId, EdgeWindow>>;
  readonly services: Readonly<Record<ServiceId, ServiceWindow>>;
  /** What this picture lacks and why, in words for the operator (rule: nothing fails silently). Empty = complete. */
  readonly gaps: readonly string[];
  /**
   * Edges with a caller's proxy that is not heard, services without a process sample: their numbers here are too low and prove
   * nothing, neither health nor trouble. Absent = none.
   */
  readonly unseen?: readonly (EdgeId | ServiceId)[];
}

/** Whether this picture has what there is to know of an edge or service. */
export const isSeen = (s: Snapshot, id: EdgeId | ServiceId): boolean => !s.unseen?.includes(id);

/** good ÷ offered at the user's entry; 1 when nothing was offered. */
export function goodRatio(s: Snapshot): number {
  return s.entry.offered > 0 ? Math.min(1, s.entry.good / s.entry.offered) : 1;
}

/**
 * An edge's own healthy state: medians over recent windows without symptom, fault or mitigation. Strengths of mitigations
 * and features are fractions of these, which is what lets a small shadow teach a large production.
 */
export interface HealthyEdge {
  rate: number;
  p50: number;
  p99: number;
  inFlight: number;
  goodRatio: number;
  errorRatio: number;
  /** Windows the medians were taken over; below 5 the state is not to be trusted. */
  windows: number;
}
export interface HealthyService {
  cpu: number;
  memory: number;
  replicas: number;
  windows: number;
}
export interface HealthyState {
  readonly edges: Readonly<Record<EdgeId, HealthyEdge>>;
  readonly services: Readonly<Record<ServiceId, HealthyService>>;
  /** Good answers per second at the user's entry. */
  readonly goodput: number;
}

export const noErrors = (): ErrorRates => ({ http5xx: 0, timeout: 0, connect: 0, reset: 0, overflow: 0, shed: 0 });
