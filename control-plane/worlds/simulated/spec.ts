import type { EdgeId, ServiceId, Topology } from '../../mesh/topology.ts';

/** What a service is made of. Times in ms, memory in bytes. */
export interface ServiceSpec {
  /** Mean time of its own work, without its callees, when idle. */
  readonly ownMs: number;
  /** Coefficient of variation of that time (log-normal). */
  readonly variation: number;
  /** The part of `ownMs` that is CPU. */
  readonly cpuMs: number;
  readonly cores: number;
  /** Requests a replica works on at once, and those it lets wait; beyond that it answers 503. */
  readonly workers: number;
  readonly queue: number;
  /** Share of waiting requests that are dropped once their caller has given up; the rest is worked off in vain. */
  readonly cancels: number;
  readonly errorRate: number;
  /** From asking for a replica to its first answer. */
  readonly startMs: number;
  readonly memory: number;
  readonly memoryLimit: number;
  /** Whether the telemetry knows the limit. */
  readonly limitKnown: boolean;
  /** CPU used when nothing is asked of it. */
  readonly idleCpu: number;
  /** Callees are asked all at once rather than one after the other. */
  readonly parallel: boolean;
  /** Mean size of a payload in KiB: what a bandwidth limit slows. */
  readonly payloadKib: number;
}

export interface EdgeSpec {
  /** Calls per request of the caller, 0..1. */
  readonly calls: number;
  /** Share of requests that may be sent twice, by the edge's `idempotent`. */
  readonly safeShare: number;
}

/** A whole simulated application and its users. */
export interface MeshSpec {
  readonly topology: Topology;
  readonly services: Readonly<Record<ServiceId, ServiceSpec>>;
  readonly edges: Readonly<Record<EdgeId, EdgeSpec>>;
  /** Requests per second at the entry. */
  readonly offered: number;
  /** Share of them with the protected priority. */
  readonly protectedShare: number;
  /** Relative slow swing of the offered rate. */
  readonly swing: number;
  /** A retry goes to another endpoint than the attempt before. */
  readonly retryElsewhere: boolean;
  /** From a change of settings to its effect in the proxies, ms. */
  readonly pushMs: number;
  /**
   * Relative noise of what the telemetry reports of latencies, CPU and memory; above 0 requests are also counted as whole ones,
   * so that an edge with few of them shows ratios and quantiles as ragged as real ones.
   */
  readonly noise: number;
  /** The machine has other work: share of seconds in which it is slow, and the mean delay of every service's work then, ms. */
  readonly weather: { readonly share: number; readonly meanMs: number };
}
