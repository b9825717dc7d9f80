import type { Lease, LeaseOwner } from './lease.ts';
import type { EdgeSettings, MeshSettings, ServiceSettings } from './settings.ts';
import type { EdgeId, ServiceId, Topology } from './topology.ts';

/** What the application asks for with no lease in force. */
export function baselineSettings(topology: Topology): MeshSettings {
  const edges: Record<EdgeId, EdgeSettings> = {};
  for (const edge of Object.values(topology.edges)) {
    edges[edge.id] = {
      timeoutMs: edge.timeoutMs,
      retry: { attempts: edge.retries, backoffMs: 25, budgetPercent: 100 },
      failoverShare: 0,
    };
  }
  const services: Record<ServiceId, ServiceSettings> = {};
  for (const service of Object.values(topology.services)) services[service.id] = { replicas: service.replicas };
  return { edges, services };
}

const rank: Record<LeaseOwner, number> = { static: 0, chaos: 0, pattern: 1, policy: 1, operator: 2 };

/**
 * What is in force: one pure function with one precedence, override > mitigation > baseline; among equals the younger wins.
 * Undo is composing again without the lease, so overlapping leases cannot restore each other's leftovers.
 * Fault leases change no settings and are ignored here. Replicas stay within the service's declared bounds; what is to add some
 * takes none away where there are more already.
 */
export function compose(topology: Topology, baseline: MeshSettings, leases: readonly Lease[]): MeshSettings {
  const edges: Record<EdgeId, EdgeSettings> = { ...baseline.edges };
  const services: Record<ServiceId, ServiceSettings> = { ...baseline.services };
  const ordered = leases
    .filter((l) => l.type === 'mitigation')
    .sort((a, b) => rank[a.owner] - rank[b.owner] || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  for (const { setting } of ordered) {
    if ('edge' in setting) {
      const before = edges[setting.edge];
      if (before) edges[setting.edge] = { ...before, ...setting.change };
    } else {
      const before = services[setting.service];
      const spec = topology.services[setting.service];
      if (before && spec) {
        const bounded = Math.min(spec.maxReplicas, Math.max(spec.minReplicas, before.replicas + setting.addReplicas));
        const replicas = setting.addReplicas > 0 ? Math.max(before.replicas, bounded) : bounded;
        services[setting.service] = { replicas };
      }
    }
  }
  return { edges, services };
}
