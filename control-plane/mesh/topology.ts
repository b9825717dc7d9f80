/** A node of the mesh, by the name its `Application` gives it. */
export type ServiceId = string;
/** A caller→callee pair, written `caller>callee`. Most telemetry and most mitigations belong to an edge. */
export type EdgeId = `${string}>${string}`;

/** The pseudo-service that stands for the users' entry: every application has exactly one edge `ingress>SERVICE`. */
export const INGRESS: ServiceId = 'ingress';

/** What a service speaks: HTTP/1.1, HTTP/2 without TLS (h2c), or gRPC over it. */
export type Protocol = 'http' | 'http2' | 'grpc';

export interface Service {
  readonly id: ServiceId;
  /** Absent: whatever its caller speaks. */
  readonly protocol?: Protocol;
  /** Replicas declared at rest, and the bounds scaling may move between. */
  readonly replicas: number;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** A redundant service that answers the same calls; failover sends an edge's requests there. */
  readonly failover?: ServiceId;
  /** Whether writes may be failed over as well (they go nowhere else by default). */
  readonly failoverWrites: boolean;
  /** Outside the application (a payment provider): no sidecar of ours in front of it, mocked in the shadow. */
  readonly external: boolean;
}

export interface Edge {
  readonly id: EdgeId;
  readonly caller: ServiceId;
  readonly callee: ServiceId;
  /** A request is good only if answered within this many milliseconds. */
  readonly sloLatencyMs: number;
  /** Per-try time-out the application asks for, in milliseconds. */
  readonly timeoutMs: number;
  /** Retries the application asks for at rest (0 = none). */
  readonly retries: number;
  /** Which requests may be sent twice: `safe` = GET, HEAD, OPTIONS or with an idempotency-key header; `all`; `none`. */
  readonly idempotent: 'safe' | 'all' | 'none';
  /** The caller answers without it (a recommendation, say). */
  readonly optional: boolean;
}

/** The application's graph. Plain data: the same for every world it runs in. */
export interface Topology {
  readonly application: string;
  readonly services: Readonly<Record<ServiceId, Service>>;
  readonly edges: Readonly<Record<EdgeId, Edge>>;
  /** `ingress>SERVICE`: where the user enters and where goodput is counted. */
  readonly entry: EdgeId;
}

/** The edge from `caller` to `callee`. */
export function edgeId(caller: ServiceId, callee: ServiceId): EdgeId {
  return `${caller}>${callee}`;
}

/** `[caller, callee]` of an edge. */
export function endsOf(edge: EdgeId): [ServiceId, ServiceId] {
  const at = edge.indexOf('>');
  return [edge.slice(0, at), edge.slice(at + 1)];
}

/** Edges that leave `service`. */
export function edgesFrom(topology: Topology, service: ServiceId): Edge[] {
  return Object.values(topology.edges).filter((e) => e.caller === service);
}

/** Edges that arrive at `service`. */
export function edgesTo(topology: Topology, service: ServiceId): Edge[] {
  return Object.values(topology.edges).filter((e) => e.callee === service);
}
