import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baselineSettings, compose } from './compose.ts';
import type { MitigationLease } from './lease.ts';
import { edge, service, topologyOf } from './testing/topology.ts';
import { INGRESS } from './topology.ts';

const scale = (id: string, addReplicas: number): MitigationLease => ({
  type: 'mitigation',
  id,
  owner: 'policy',
  reason: 'test',
  createdAt: 0,
  expiresAt: 1,
  mitigation: { kind: 'scale', target: { service: 'web' }, strength: addReplicas },
  setting: { service: 'web', addReplicas },
});

/** Replicas of a service that may have 2 to 4, with `atRest` of them and these leases. */
function replicas(atRest: number, ...leases: MitigationLease[]): number | undefined {
  const topology = topologyOf([service('web', { minReplicas: 2, maxReplicas: 4 })], [edge(INGRESS, 'web')]);
  const baseline = { ...baselineSettings(topology), services: { web: { replicas: atRest } } };
  return compose(topology, baseline, leases).services.web?.replicas;
}

const cases: [what: string, got: number | undefined, wanted: number][] = [
  ['nothing in force', replicas(2), 2],
  ['one more', replicas(2, scale('a', 1)), 3],
  ['one more of each', replicas(2, scale('a', 1), scale('b', 1)), 4],
  ['not more than may be', replicas(3, scale('a', 3)), 4],
  ['not fewer than may be', replicas(1, scale('a', -1)), 2],
  ['more than may be at rest: what adds takes none away', replicas(6, scale('a', 1)), 6],
];
for (const [what, got, wanted] of cases) test(`replicas: ${what}`, () => assert.equal(got, wanted));
