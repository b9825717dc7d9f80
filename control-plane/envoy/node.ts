import type { MirrorConfig } from '../../filters/config.ts';
import type { FaultLease } from '../mesh/lease.ts';
import type { MeshSettings } from '../mesh/settings.ts';
import type { HealthyState } from '../mesh/snapshot.ts';
import type { ServiceId, Topology } from '../mesh/topology.ts';

/** Where something listens: TCP, or a Unix socket by path. */
export type Address = { readonly host: string; readonly port: number } | { readonly pipe: string };

/** One Envoy: the sidecar of one replica, or the users' entry. */
export interface ProxyNode {
  /** `WORLD/SERVICE/REPLICA`: `production/cart/0`, `shadow/ingress/0`. */
  readonly id: string;
  readonly world: 'production' | 'shadow';
  /** The service it stands beside, or INGRESS. */
  readonly service: ServiceId;
  readonly replica: number;
  /** Where callers' sidecars reach it, and where its application listens. Absent for the ingress. */
  readonly inbound?: { readonly listen: Address; readonly app: Address };
  /** Where users enter (ingress node only): production TCP, shadow a Unix socket. */
  readonly ingress?: { readonly listen: Address };
  /** One plain HTTP listener per callee that the application calls. The ingress has none: it routes to the entry service. */
  readonly outbound: readonly { readonly callee: ServiceId; readonly listen: Address }[];
}

export interface Endpoint {
  readonly address: Address;
  readonly replica: number;
  readonly healthy: boolean;
}

/** Addresses of inbound sidecars by service; of an external service its real address, or its mock's in the shadow. */
export type Endpoints = Readonly<Record<ServiceId, readonly Endpoint[]>>;

/** Everything one proxy's configuration is made of. */
export interface BuildInput {
  readonly node: ProxyNode;
  readonly topology: Topology;
  readonly settings: MeshSettings;
  readonly endpoints: Endpoints;
  /** Replicas of `node.service` that carry traffic: limits over all callers are divided by it. */
  readonly callerReplicas: number;
  /** Faults in force; must be empty outside the shadow. */
  readonly faults: readonly FaultLease[];
  /** Production's ingress only: what is copied to the shadow. */
  readonly mirror?: MirrorConfig;
  /** The Unix socket of the shadow's ingress, for production's ingress. */
  readonly shadowIngress?: Address;
  /** Absolute paths of the built modules. */
  readonly filters: { readonly mirror: string; readonly chaos: string };
  /** Request paths with the protected priority: never rate-limited at the entry, counted apart. */
  readonly protectedPrefixes: readonly string[];
  /** The edges' healthy state: production's settings are kept above floors taken from it. */
  readonly healthy?: HealthyState;
  readonly samples?: Sampling;
}

/** Answers of external services kept for the mocks: Envoy's tap filter writes `percent` of them into `directory`. */
export interface Sampling {
  readonly directory: string;
  readonly percent: number;
  /** Those that have a mock: what others say must not lie on a disk for nothing. */
  readonly externals: ReadonlySet<ServiceId>;
}
