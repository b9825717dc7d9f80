import type { Rng } from '../../mesh/rng.ts';
import type { HealthyState } from '../../mesh/snapshot.ts';
import { type EdgeId, edgesFrom, edgesTo, INGRESS, type ServiceId, type Topology } from '../../mesh/topology.ts';
import type { EdgeSpec, MeshSpec, ServiceSpec } from './spec.ts';

/** How far a parameter that telemetry tells is believed: it is drawn within this share around it. */
const SPREAD = 0.25;

/**
 * A simulated mesh drawn around a real application: its graph, rates, service times and CPU from its healthy state, each within
 * ±25%; what telemetry does not tell (workers, queues, start-up, what a busy machine does) is drawn from what is usual. Every
 * draw differs: what holds over many of them is likely to hold for the application. An edge without a healthy state is taken
 * to be used rarely.
 */
export function fitSpec(topology: Topology, healthy: HealthyState, rng: Rng): MeshSpec {
  const around = (x: number) => x * rng.between(1 - SPREAD, 1 + SPREAD);
  const rateOf = (id: EdgeId) => healthy.edges[id]?.rate ?? 0;
  const into = (service: ServiceId) =>
    Math.max(
      0.1,
      edgesTo(topology, service).reduce((sum, e) => sum + rateOf(e.id), 0),
    );
  const edges: Record<EdgeId, EdgeSpec> = {};
  for (const edge of Object.values(topology.edges)) {
    const calls = edge.caller === INGRESS ? 1 : Math.min(1, rateOf(edge.id) / into(edge.caller));
    edges[edge.id] = {
      calls: edge.caller === INGRESS ? 1 : Math.min(1, around(calls)),
      safeShare: edge.idempotent === 'none' ? 0 : edge.idempotent === 'all' ? 1 : rng.pick([1, 1, rng.between(0.4, 1)]),
    };
  }
  const services: Record<ServiceId, ServiceSpec> = {};
  for (const service of Object.values(topology.services)) {
    const rate = into(service.id) / Math.max(1, service.replicas);
    const { ownMs, variation } = ownTime(topology, healthy, service.id, edges);
    const cpu = healthy.services[service.id]?.cpu ?? 0.02;
    const own = Math.max(0.3, around(ownMs));
    const memory = healthy.services[service.id]?.memory ?? 60e6;
    services[service.id] = {
      ownMs: own,
      variation: Math.min(1.5, around(variation)),
      cpuMs: Math.min(own, Math.max(0.1, around((1000 * cpu) / rate))),
      cores: 1,
      workers: rng.pick([4, 4, 6, 8, 8, 12, 16]),
      queue: rng.pick([16, 32, 32, 64, 128]),
      cancels: rng.pick([0, 0, 0, 0.5, 1]),
      errorRate: 0,
      startMs: rng.between(700, 4000),
      memory,
      memoryLimit: memory * rng.between(1.6, 4),
      limitKnown: rng.chance(0.5),
      idleCpu: Math.min(0.02, cpu / 2),
      parallel: rng.chance(0.2),
      payloadKib: 2 * 16 ** rng.uniform(),
    };
  }
  return {
    topology,
    services,
    edges,
    offered: Math.max(0.5, around(rateOf(topology.entry))),
    protectedShare: rng.between(0.1, 0.5),
    swing: rng.between(0, 0.1),
    retryElsewhere: true,
    pushMs: rng.between(100, 600),
    noise: rng.between(0.05, 0.3),
    weather: rng.chance(0.5) ? { share: rng.between(0.02, 0.2), meanMs: rng.between(3, 40) } : { share: 0, meanMs: 0 },
  };
}

/** A service's own time: its median answer less its callees', and how it varies, by p99 ÷ p50 of a log-normal. */
function ownTime(
  topology: Topology,
  healthy: HealthyState,
  service: ServiceId,
  edges: Readonly<Record<EdgeId, EdgeSpec>>,
): { ownMs: number; variation: number } {
  const answers = edgesTo(topology, service).flatMap((e) => healthy.edges[e.id] ?? []);
  if (answers.length === 0) return { ownMs: 5, variation: 0.5 };
  const p50 = Math.max(...answers.map((a) => a.p50));
  const p99 = Math.max(p50, ...answers.map((a) => a.p99));
  const below = edgesFrom(topology, service).reduce(
    (sum, e) => sum + (healthy.edges[e.id]?.p50 ?? 0) * edges[e.id]!.calls,
    0,
  );
  const sigma = Math.log(p99 / p50) / 2.33;
  return {
    ownMs: Math.max(p50 - below, 0.1 * p50),
    variation: Math.min(1.5, Math.max(0.2, Math.sqrt(Math.exp(sigma * sigma) - 1))),
  };
}
