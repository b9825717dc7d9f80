import type { Symptom } from '../mesh/record.ts';
import type { ServiceId, Topology } from '../mesh/topology.ts';

/** How much each kind says that the *callee* of the edge is ill. */
const weightOnEdge: Partial<Record<Symptom['kind'], number>> = {
  errors: 1,
  timeouts: 1,
  slow: 0.9,
  saturation: 0.5,
  'retry-amplification': 0.3,
};
const weightOnService: Partial<Record<Symptom['kind'], number>> = { unready: 0.8, cpu: 0.5, memory: 0.4 };

/**
 * Services most likely at the root, best first: a service is as ill as its callers see it (or as its own machine says), less
 * what its own callees explain; so the deepest ill service whose callees are well comes first, outside ones included.
 * Scores are in 0..1; services that nothing points at are left out.
 */
export function originsOf(topology: Topology, symptoms: readonly Symptom[]): { service: ServiceId; score: number }[] {
  const seen = new Map<ServiceId, number>();
  const own = new Map<ServiceId, number>();
  for (const s of symptoms) {
    if ('edge' in s.target) {
      const edge = topology.edges[s.target.edge];
      const weight = weightOnEdge[s.kind];
      if (edge && weight) raise(seen, edge.callee, weight * s.severity);
    } else {
      const weight = weightOnService[s.kind];
      if (weight) raise(own, s.target.service, weight * s.severity);
    }
  }
  const ill = (id: ServiceId) => Math.max(seen.get(id) ?? 0, own.get(id) ?? 0);
  const scores: { service: ServiceId; score: number }[] = [];
  for (const service of Object.keys(topology.services)) {
    const total = ill(service);
    if (total <= 0) continue;
    let explained = 0;
    for (const edge of Object.values(topology.edges))
      if (edge.caller === service && edge.callee !== service)
        explained = Math.max(explained, ill(edge.callee) * (edge.optional ? 0.5 : 1));
    const seenHere = seen.get(service) ?? 0;
    // A caller is rarely iller than its callee makes it: what is left of its symptoms counts in full only beyond that.
    const left = Math.max(0, seenHere - explained) * (explained > 0 ? 0.6 : 1);
    const machine = (own.get(service) ?? 0) * (seenHere > 0 ? 0.7 : 0.35);
    const score = Math.min(1, left + machine);
    if (score > 0.02) scores.push({ service, score });
  }
  return scores.sort((a, b) => b.score - a.score || (a.service < b.service ? -1 : 1));
}

function raise(map: Map<ServiceId, number>, key: ServiceId, value: number): void {
  map.set(key, Math.max(map.get(key) ?? 0, value));
}
