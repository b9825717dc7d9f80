import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MitigationLease } from '../mesh/lease.ts';
import { type Mitigation, type MitigationKind, mitigationKinds } from '../mesh/mitigation.ts';
import { resolve } from '../mesh/resolve.ts';
import type { Snapshot } from '../mesh/snapshot.ts';
import { createHealthyTracker } from '../telemetry/healthy.ts';
import { createTraffic, shop } from '../telemetry/testing/traffic.ts';
import { MAX_IN_FORCE, type MaskInput, maskOf, servicesOf } from './masks.ts';

const topology = shop();
const traffic = createTraffic(topology, 1);
const tracker = createHealthyTracker(topology);
let latest: Snapshot = traffic.next(25);
for (let i = 0; i < 20; i++) {
  latest = traffic.next(25);
  tracker.update(latest, 'clean');
}
const healthy = tracker.current();
const able = {
  mitigations: new Set(Object.keys(mitigationKinds) as MitigationKind[]),
  faults: new Set<never>(),
  missing: {},
};
const on = (edge: string, kind: MitigationKind, strength: number): Mitigation => ({
  kind,
  target: { edge: edge as `${string}>${string}` },
  strength,
});
const lease = (mitigation: Mitigation, owner: MitigationLease['owner'] = 'policy'): MitigationLease => {
  const setting = resolve(mitigation, topology, healthy);
  assert.ok(typeof setting !== 'string');
  return {
    type: 'mitigation',
    id: JSON.stringify(mitigation),
    owner,
    reason: '',
    createdAt: 0,
    expiresAt: 1,
    mitigation,
    setting,
  };
};
const mask = (more: Partial<MaskInput> = {}) =>
  maskOf({
    topology,
    healthy,
    latest,
    capabilities: able,
    inForce: [],
    users: { goodRatio: 0.7, surge: false },
    forbidden: () => undefined,
    ...more,
  });
const withService = (id: string, ready: number): Snapshot => ({
  ...latest,
  services: { ...latest.services, [id]: { ...latest.services[id]!, ready } },
});

const oneHost: Snapshot = {
  ...latest,
  edges: { ...latest.edges, 'web>cart': { ...latest.edges['web>cart']!, hosts: 1 } },
};
const table: [string, Mitigation, Partial<MaskInput>, RegExp | undefined][] = [
  ['a failover to a standby that is there', on('web>pay', 'failover', 1), {}, undefined],
  [
    'to one that is down',
    on('web>pay', 'failover', 1),
    { latest: withService('pay-standby', 0) },
    /no replica that answers/,
  ],
  ['to none', on('web>cart', 'failover', 1), {}, /no redundant service/],
  ['retries where declared safe', on('web>pay', 'retry', 1), {}, undefined],
  ['retries where not', on('pay>bank', 'retry', 1), {}, /not idempotent/],
  ['ejecting one of two', on('web>pay', 'outlier-detection', 1), {}, undefined],
  ['ejecting the only one', on('web>cart', 'outlier-detection', 1), { latest: oneHost }, /would leave none/],
  [
    'what the world cannot do',
    on('web>pay', 'timeout', 2),
    { capabilities: { ...able, mitigations: new Set(), missing: { timeout: 'no route of ours' } } },
    /no route of ours/,
  ],
  ['what is in force', on('web>pay', 'retry', 1), { inForce: [lease(on('web>pay', 'retry', 1))] }, /already in force/],
  [
    'what the operator pinned otherwise',
    on('web>pay', 'retry', 1),
    { inForce: [lease(on('web>pay', 'retry', 2), 'operator')] },
    /operator pinned/,
  ],
  [
    'too many at once',
    on('web>pay', 'retry', 1),
    { inForce: Array.from({ length: MAX_IN_FORCE }, (_, i) => lease(on('web>pay', 'rate-limit', 1 + i / 10))) },
    /in force already/,
  ],
  ['half of the usual rate where users have more', on('ingress>web', 'rate-limit', 0.5), {}, /at most 50%/],
  ['in a collapse', on('ingress>web', 'rate-limit', 0.5), { users: { goodRatio: 0.1, surge: false } }, undefined],
  ['in a surge', on('ingress>web', 'rate-limit', 0.5), { users: { goodRatio: 0.7, surge: true } }, undefined],
  ['on an inner edge', on('web>pay', 'rate-limit', 0.5), {}, undefined],
  ['what the operator forbade', on('web>pay', 'retry', 1), { forbidden: () => 'forbidden by ada' }, /ada/],
];
for (const [name, m, more, expected] of table) {
  test(`${name}: ${expected ? 'masked' : 'allowed'}`, () => {
    const reason = mask(more)(m);
    if (expected) assert.match(reason ?? 'allowed', expected);
    else assert.equal(reason, undefined);
  });
}

test('the services a mitigation acts on: both ends that are ours, and who takes over', () => {
  assert.deepEqual(servicesOf(on('web>pay', 'failover', 1), topology), ['web', 'pay', 'pay-standby']);
  assert.deepEqual(servicesOf(on('ingress>web', 'rate-limit', 1), topology), ['web']);
  assert.deepEqual(servicesOf(on('pay>bank', 'timeout', 2), topology), ['pay']);
  assert.deepEqual(servicesOf({ kind: 'scale', target: { service: 'pay' }, strength: 1 }, topology), ['pay']);
});
