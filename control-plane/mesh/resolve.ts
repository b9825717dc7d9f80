import { type Mitigation, mitigationKinds } from './mitigation.ts';
import type { Setting } from './settings.ts';
import type { HealthyState } from './snapshot.ts';
import type { Topology } from './topology.ts';

/**
 * A mitigation in absolute numbers, its strength taken as a fraction of the target's healthy state. The floors hold in every
 * world (design, rule 5): no limit below half of the edge's healthy throughput, no time-out below its healthy p99.
 * Returns the reason as text when it does not apply to this target.
 */
export function resolve(m: Mitigation, topology: Topology, healthy: HealthyState): Setting | string {
  const kind = mitigationKinds[m.kind];
  if ('service' in m.target) {
    if (kind.target !== 'service') return `${m.kind} belongs to an edge`;
    const service = topology.services[m.target.service];
    if (!service || service.external) return `${m.target.service} is not a service of ours`;
    if (service.maxReplicas <= service.replicas)
      return `${service.id} may not have more than ${service.maxReplicas} replicas`;
    return { service: service.id, addReplicas: Math.max(1, Math.round(m.strength)) };
  }
  const edge = topology.edges[m.target.edge];
  if (!edge) return `${m.target.edge} is not an edge of ${topology.application}`;
  const state = healthy.edges[edge.id];
  switch (m.kind) {
    case 'circuit-breaking': {
      if (!state) return `${edge.id} has no healthy baseline yet`;
      // Little's law: in-flight = rate × time. The floor keeps half of the healthy throughput possible at the healthy p99.
      const floor = Math.ceil((state.rate / 2) * (state.p99 / 1000));
      return { edge: edge.id, change: { maxRequests: Math.max(2, floor, Math.ceil(state.inFlight * m.strength)) } };
    }
    case 'timeout': {
      if (!state) return `${edge.id} has no healthy baseline yet`;
      const ms = Math.round(Math.max(state.p99, state.p99 * m.strength, 20));
      return ms < edge.timeoutMs
        ? { edge: edge.id, change: { timeoutMs: ms } }
        : `${edge.id} already gives up after ${edge.timeoutMs} ms`;
    }
    case 'outlier-detection':
      return {
        edge: edge.id,
        change: { outlier: { consecutiveFailures: m.strength >= 1 ? 2 : 5, ejectMs: 15_000, maxEjectionPercent: 60 } },
      };
    case 'retry':
      if (m.strength > 0 && edge.idempotent === 'none') return `${edge.id} is declared not idempotent`;
      if (m.strength === edge.retries) return `${edge.id} already retries ${edge.retries} times`;
      return { edge: edge.id, change: { retry: { attempts: m.strength, backoffMs: 25, budgetPercent: 20 } } };
    case 'rate-limit':
      if (!state) return `${edge.id} has no healthy baseline yet`;
      return { edge: edge.id, change: { rateLimit: Math.max(1, state.rate * Math.max(0.5, m.strength)) } };
    case 'admission-control':
      return { edge: edge.id, change: { admission: { aggression: m.strength } } };
    case 'failover':
      if (!topology.services[edge.callee]?.failover) return `${edge.callee} has no redundant service`;
      return { edge: edge.id, change: { failoverShare: Math.min(1, m.strength) } };
    case 'scale':
      return 'scale belongs to a service';
  }
}
