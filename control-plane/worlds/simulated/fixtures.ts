import { type Edge, type EdgeId, edgeId, INGRESS, type Service, type ServiceId } from '../../mesh/topology.ts';
import type { EdgeSpec, MeshSpec, ServiceSpec } from './spec.ts';

const service: ServiceSpec = {
  ownMs: 10,
  variation: 0.4,
  cpuMs: 4,
  cores: 1,
  workers: 16,
  queue: 64,
  cancels: 0,
  errorRate: 0,
  startMs: 1500,
  memory: 100e6,
  memoryLimit: 300e6,
  limitKnown: true,
  idleCpu: 0,
  parallel: false,
  payloadKib: 8,
};

/** One service of a {@link meshOf}: what differs from an ordinary one. */
export interface Part extends Partial<ServiceSpec> {
  readonly replicas?: number;
  readonly maxReplicas?: number;
  readonly failover?: ServiceId;
  readonly external?: boolean;
}

/** Edges by `caller>callee`; what is left out is ordinary: 1 s time-out, 300 ms SLO, safe to repeat, no retries. */
export type Wiring = Readonly<Record<EdgeId, Partial<Edge> & Partial<EdgeSpec>>>;

/** A mesh written down by hand; `ingress>x` must be among the edges. For small, known situations. */
export function meshOf(
  parts: Readonly<Record<ServiceId, Part>>,
  wiring: Wiring,
  rest: Partial<MeshSpec> = {},
): MeshSpec {
  const services: Record<ServiceId, Service> = {};
  const specs: Record<ServiceId, ServiceSpec> = {};
  for (const [id, part] of Object.entries(parts)) {
    const { replicas = 1, maxReplicas = replicas + 2, failover, external = false, ...own } = part;
    services[id] = {
      id,
      replicas,
      minReplicas: 1,
      maxReplicas,
      failoverWrites: false,
      external,
      ...(failover === undefined ? {} : { failover }),
    };
    specs[id] = { ...service, ...own };
  }
  const edges: Record<EdgeId, Edge> = {};
  const edgeSpecs: Record<EdgeId, EdgeSpec> = {};
  for (const [key, { calls = 1, safeShare = 1, ...own }] of Object.entries(wiring)) {
    const [caller, callee] = key.split('>') as [ServiceId, ServiceId];
    const id = edgeId(caller, callee);
    edges[id] = {
      id,
      caller,
      callee,
      sloLatencyMs: 300,
      timeoutMs: 1000,
      retries: 0,
      idempotent: 'safe',
      optional: false,
      ...own,
    };
    edgeSpecs[id] = { calls, safeShare };
  }
  const entry = Object.values(edges).find((e) => e.caller === INGRESS)!.id;
  return {
    topology: { application: 'by hand', services, edges, entry },
    services: specs,
    edges: edgeSpecs,
    offered: 30,
    protectedShare: 0.3,
    swing: 0,
    retryElsewhere: true,
    pushMs: 200,
    noise: 0,
    weather: { share: 0, meanMs: 0 },
    ...rest,
  };
}

/**
 * The retry-collapse problem of SREGym (arXiv 2605.07161): 8 req/s on a backend that can do 20, a queue of 256, 750 ms
 * time-out, 3 attempts. A trigger of 40 req/s for 10 s starts a collapse that keeps itself up.
 */
export function retryCollapse(): MeshSpec {
  return meshOf(
    {
      front: { ownMs: 2, cpuMs: 0.5, workers: 1000, queue: 1000 },
      backend: { ownMs: 50, variation: 0.1, cpuMs: 1, workers: 1, queue: 256 },
    },
    {
      'ingress>front': { timeoutMs: 5000, sloLatencyMs: 3000 },
      'front>backend': { timeoutMs: 750, retries: 2, sloLatencyMs: 750 },
    },
    { offered: 8 },
  );
}
