import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateChaos } from '../../filters/config.ts';
import { type Fault, faultKinds } from '../mesh/fault.ts';
import type { FaultLease } from '../mesh/lease.ts';
import { bandwidthFault, bandwidthKib, chaosConfig, chaosFault, faultsAt } from './chaos.ts';
import type { ProxyNode } from './node.ts';

const node: ProxyNode = { id: 'shadow/cart/1', world: 'shadow', service: 'cart', replica: 1, outbound: [] };
const lease = (fault: Partial<Fault>, id = 'l1'): FaultLease => ({
  type: 'fault',
  id,
  owner: 'chaos',
  reason: 'test',
  createdAt: 1000,
  expiresAt: 9000,
  fault: {
    kind: 'latency',
    target: { service: 'cart' },
    magnitude: 0.5,
    share: 0.4,
    durationMs: 8000,
    seed: 3,
    ...fault,
  },
});

test('a fault acts on its service, its replica, or where its edge arrives', () => {
  const at = (target: Fault['target']) => faultsAt(node, [lease({ target })]).length === 1;
  assert.equal(at({ service: 'cart' }), true);
  assert.equal(at({ service: 'cart', replica: 1 }), true);
  assert.equal(at({ service: 'cart', replica: 0 }), false);
  assert.equal(at({ service: 'shop' }), false);
  assert.equal(at({ edge: 'shop>cart' }), true);
  assert.equal(at({ edge: 'cart>payments' }), false);
});

test('what the module is told is what it accepts, for every kind and magnitude', () => {
  for (const kind of Object.keys(faultKinds) as Fault['kind'][])
    for (const magnitude of [0, 0.001, 0.5, 1])
      for (const target of [{ service: 'cart' }, { edge: 'shop>cart' as const }]) {
        const config = chaosConfig(node, [lease({ kind, magnitude, target }, 'a/b c')]);
        assert.deepEqual(validateChaos(config), [], `${kind} ${magnitude}`);
      }
});

test('a fault ends at its lease, by the wall clock and by the time since it was configured', () => {
  const fault = chaosFault(lease({}))!;
  assert.equal(fault.expiresAtMs, 9000);
  assert.equal(fault.maxDurationMs, 8000);
  assert.equal(fault.share, 0.4);
  assert.deepEqual(fault.delay, { kind: 'normal', ms: 1000, spread: 200 });
});

test('an edge fault matches its caller only', () => {
  assert.deepEqual(chaosFault(lease({ target: { edge: 'shop>cart' } }))!.match, { caller: 'shop' });
  assert.equal(chaosFault(lease({}))!.match, undefined);
});

test("an exception is shaped like one framework's or another's, by its seed", () => {
  const template = (seed: number) => chaosFault(lease({ kind: 'exception', seed }))?.exception?.template;
  assert.deepEqual([2, 3, 4].map(template), ['express', 'spring', 'express']);
});

test('what speaks gRPC throws gRPC’s exceptions and is corrupted as bytes, at every magnitude', () => {
  const one = (kind: Fault['kind'], magnitude: number) => chaosConfig(node, [lease({ kind, magnitude })], true);
  for (const kind of Object.keys(faultKinds) as Fault['kind'][])
    for (const magnitude of [0, 0.1, 1])
      assert.deepEqual(validateChaos(one(kind, magnitude)), [], `${kind} ${magnitude}`);
  assert.deepEqual(one('exception', 1).faults[0]!.exception, { template: 'grpc', status: 2 });
  assert.equal(one('corruption', 0.1).faults[0]!.mutate!.raw, true);
  assert.equal(chaosFault(lease({ kind: 'corruption', magnitude: 0.1 }))!.mutate!.raw, false);
});

test('kinds that are enforced elsewhere say nothing to the module', () => {
  for (const kind of ['packet-loss', 'outage', 'cpu', 'memory', 'dependency', 'bandwidth'] as const)
    assert.equal(chaosFault(lease({ kind })), undefined, kind);
});

test('equal faults have an equal generation, others another, none has 0', () => {
  const generation = (...leases: FaultLease[]) => chaosConfig(node, leases).generation;
  assert.equal(generation(), 0);
  assert.equal(generation(lease({})), generation(lease({})));
  assert.notEqual(generation(lease({})), generation(lease({ seed: 4 })));
});

test('bandwidth: 256 KiB/s down to 8, the narrowest wins', () => {
  assert.equal(bandwidthKib(0), 256);
  assert.equal(bandwidthKib(1), 8);
  assert.equal(bandwidthKib(7), 8);
  const limits = [0.2, 0.8].map((magnitude) => lease({ kind: 'bandwidth', magnitude }));
  assert.equal(bandwidthFault(node, limits), bandwidthKib(0.8));
  assert.equal(bandwidthFault(node, [lease({})]), undefined);
});
