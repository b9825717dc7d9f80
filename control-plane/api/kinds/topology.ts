import {
  type Edge,
  type EdgeId,
  edgeId,
  INGRESS,
  type Service,
  type ServiceId,
  type Topology,
} from '../../mesh/topology.ts';
import type { Application } from './application.ts';
import { milliseconds } from './scalars.ts';

/** The graph of an application, with the defaults its schema documents. */
export function topologyOf(application: Application): Topology {
  const { services: specs, externals = {}, entry } = application.spec;
  const services: Record<ServiceId, Service> = {};
  const edges: Record<EdgeId, Edge> = {};
  for (const [id, spec] of Object.entries(specs)) {
    const replicas = spec.replicas ?? 1;
    services[id] = {
      id,
      ...(spec.protocol === undefined ? {} : { protocol: spec.protocol }),
      replicas,
      minReplicas: spec.scale?.min ?? replicas,
      maxReplicas: spec.scale?.max ?? replicas,
      ...(spec.failover === undefined ? {} : { failover: spec.failover }),
      failoverWrites: spec.failoverWrites ?? false,
      external: false,
    };
    for (const [callee, call] of Object.entries(spec.calls ?? {})) {
      edges[edgeId(id, callee)] = {
        id: edgeId(id, callee),
        caller: id,
        callee,
        sloLatencyMs: milliseconds(call.slo ?? '500ms'),
        timeoutMs: milliseconds(call.timeout ?? '2s'),
        retries: call.retries ?? 0,
        idempotent: call.idempotent ?? 'safe',
        optional: call.optional ?? false,
      };
    }
  }
  for (const id of Object.keys(externals)) {
    services[id] = { id, replicas: 1, minReplicas: 1, maxReplicas: 1, failoverWrites: false, external: true };
  }
  const entryEdge: Edge = {
    id: edgeId(INGRESS, entry.service),
    caller: INGRESS,
    callee: entry.service,
    sloLatencyMs: milliseconds(entry.slo ?? '500ms'),
    timeoutMs: milliseconds(entry.timeout ?? '5s'),
    retries: 0,
    idempotent: 'safe',
    optional: false,
  };
  edges[entryEdge.id] = entryEdge;
  return { application: application.metadata.name, services, edges, entry: entryEdge.id };
}
