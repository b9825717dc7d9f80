import type { ServiceId } from '../mesh/topology.ts';

/**
 * Names of the resources in one proxy, shared by everything that builds, tunes or reads them. An edge's listener, route
 * configuration and cluster all have one name in the caller's proxy, so that its statistics are found by it.
 */
export const INBOUND = 'in';
export const INGRESS_ROUTES = 'ingress';
export const SHADOW_CLUSTER = 'umbra_shadow';
export const MIRROR_FILTER = 'umbra.mirror';
export const CHAOS_FILTER = 'umbra.chaos';

/** RTDS layers. The second exists in the shadow only and carries what a fault switches on. */
export const TUNING_LAYER = 'umbra';
export const FAULT_LAYER = 'umbra.faults';

/** Overwritten by the caller's own proxy: who calls. */
export const CALLER_HEADER = 'x-umbra-caller';
/** A request with it may be sent twice. */
export const IDEMPOTENCY_HEADER = 'idempotency-key';

/** Listener, route configuration and cluster of calls to `callee`. */
export const outbound = (callee: ServiceId): string => `out|${callee}`;

/** The callee of an {@link outbound} name, or undefined for any other name. */
export function calleeOf(name: string): ServiceId | undefined {
  return name.startsWith('out|') ? name.slice(4) : undefined;
}

/** Runtime keys. Those of circuit breakers and outlier detection are Envoy's own; the others are ours. */
export const keys = {
  maxRequests: (cluster: string) => `circuit_breakers.${cluster}.default.max_requests`,
  maxPending: (cluster: string) => `circuit_breakers.${cluster}.default.max_pending_requests`,
  retryBudget: (cluster: string) => `circuit_breakers.${cluster}.default.retry_budget.budget_percent`,
  retryMinimum: (cluster: string) => `circuit_breakers.${cluster}.default.retry_budget.min_retry_concurrency`,
  outlier: (what: string) => `outlier_detection.${what}`,
  admission: (prefix: string) => `umbra.admission.${prefix}.enabled`,
  admissionMost: (prefix: string) => `umbra.admission.${prefix}.max_rejection`,
  goodWithin: (prefix: string) => `umbra.good_within.${prefix}`,
  bandwidth: 'umbra.fault.bandwidth',
} as const;
