import { type Edge, edgeId, INGRESS, type Service, type ServiceId, type Topology } from '../topology.ts';

/** One replica of its own and up to three; `rest` says what is different. */
export const service = (id: ServiceId, rest: Partial<Service> = {}): Service => ({
  id,
  replicas: 1,
  minReplicas: 1,
  maxReplicas: 3,
  failoverWrites: false,
  external: false,
  ...rest,
});

/** Needed, safe to repeat, 300 ms SLO, 1 s time-out, no retries; `rest` says what is different. */
export const edge = (caller: ServiceId, callee: ServiceId, rest: Partial<Edge> = {}): Edge => ({
  id: edgeId(caller, callee),
  caller,
  callee,
  sloLatencyMs: 300,
  timeoutMs: 1000,
  retries: 0,
  idempotent: 'safe',
  optional: false,
  ...rest,
});

/** An application `shop`, whose entry is the edge from the ingress. */
export const topologyOf = (services: readonly Service[], edges: readonly Edge[]): Topology => ({
  application: 'shop',
  services: Object.fromEntries(services.map((s) => [s.id, s])),
  edges: Object.fromEntries(edges.map((e) => [e.id, e])),
  entry: edges.find((e) => e.caller === INGRESS)!.id,
});
