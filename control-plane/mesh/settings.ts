import type { EdgeId, ServiceId } from './topology.ts';

/** Retries of one edge; they apply only to requests the edge declares idempotent. */
export interface RetrySetting {
  /** Retries after the first attempt; 0 = none. */
  attempts: number;
  /** First back-off in ms; doubles, fully jittered (Envoy's). */
  backoffMs: number;
  /** Most concurrent retries as a percentage of active requests. */
  budgetPercent: number;
}

export interface OutlierSetting {
  consecutiveFailures: number;
  ejectMs: number;
  maxEjectionPercent: number;
}

/** Everything about one edge that a mitigation may change, in absolute numbers. */
export interface EdgeSettings {
  timeoutMs: number;
  retry: RetrySetting;
  /** Most requests in flight per caller replica; undefined = Envoy's wide-open default in our bootstrap. */
  maxRequests?: number;
  outlier?: OutlierSetting;
  /** Most requests per second over all caller replicas; at the entry only unprotected requests are limited. */
  rateLimit?: number;
  /** Envoy admission control on the caller's side: 0 < aggression. */
  admission?: { aggression: number };
  /** Share 0..1 of requests sent to the callee's redundant service. */
  failoverShare: number;
}

export interface ServiceSettings {
  replicas: number;
}

/** What is in force in a world's mesh: `compose(baseline, leases)`. */
export interface MeshSettings {
  readonly edges: Readonly<Record<EdgeId, EdgeSettings>>;
  readonly services: Readonly<Record<ServiceId, ServiceSettings>>;
}

/** A mitigation in absolute numbers: a change to one edge or one service. */
export type Setting =
  | { readonly edge: EdgeId; readonly change: Partial<EdgeSettings> }
  | { readonly service: ServiceId; readonly addReplicas: number };
