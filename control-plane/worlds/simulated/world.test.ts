import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultLease, MitigationLease } from '../../mesh/lease.ts';
import { goodRatio, type Snapshot } from '../../mesh/snapshot.ts';
import { meshOf } from './fixtures.ts';
import { SimulatedWorld } from './world.ts';

const spec = meshOf(
  { front: {}, backend: { failover: 'spare' }, spare: {} },
  { 'ingress>front': {}, 'front>backend': {} },
);

async function next(world: SimulatedWorld, n: number): Promise<Snapshot[]> {
  const seen: Snapshot[] = [];
  for await (const snapshot of world.observe()) {
    seen.push(snapshot);
    if (seen.length === n) break;
  }
  return seen;
}

const faultLease = (world: SimulatedWorld): FaultLease => ({
  type: 'fault',
  id: 'f1',
  owner: 'chaos',
  reason: 'test',
  createdAt: world.clock.now(),
  expiresAt: world.clock.now() + 60_000,
  fault: { kind: 'outage', target: { service: 'backend' }, magnitude: 1, share: 1, durationMs: 60_000, seed: 1 },
});

const mitigationLease = (world: SimulatedWorld): MitigationLease => ({
  type: 'mitigation',
  id: 'm1',
  owner: 'policy',
  reason: 'test',
  createdAt: world.clock.now(),
  expiresAt: world.clock.now() + 600_000,
  mitigation: { kind: 'failover', target: { edge: 'front>backend' }, strength: 1 },
  setting: { edge: 'front>backend', change: { failoverShare: 1 } },
});

test('the loop’s world: windows, a fault, a mitigation, and both taken back', async () => {
  const world = new SimulatedWorld(spec, 1);
  try {
    const calm = await next(world, 3);
    assert.ok(calm.every((s) => goodRatio(s) > 0.99 && s.gaps.length === 0));
    assert.equal(calm[1]!.at - calm[0]!.at, 1000);

    assert.equal((await world.inject(faultLease(world))).state, 'effective');
    assert.ok(goodRatio((await next(world, 2)).at(-1)!) < 0.05);

    const applied = await world.apply(mitigationLease(world));
    assert.equal(applied.state, 'effective');
    assert.ok(goodRatio((await next(world, 3)).at(-1)!) > 0.95);
    assert.deepEqual(
      world.leases().map((l) => l.id),
      ['f1', 'm1'],
    );

    await world.remove('m1');
    await world.remove('m1');
    assert.ok(goodRatio((await next(world, 3)).at(-1)!) < 0.05);
    await world.remove('f1');
    assert.ok(goodRatio((await next(world, 3)).at(-1)!) > 0.95);
    assert.deepEqual(world.leases(), []);
  } finally {
    world.close();
  }
});

test('a fault past its expiry does nothing and its lease is gone', async () => {
  const world = new SimulatedWorld(spec, 1);
  try {
    const lease = faultLease(world);
    await world.inject({ ...lease, expiresAt: world.clock.now() + 5000 });
    await next(world, 8);
    assert.ok(goodRatio(world.latest()!) > 0.95);
    assert.deepEqual(world.leases(), []);
    const late = await world.inject({ ...lease, expiresAt: world.clock.now() - 1 });
    assert.equal(late.state, 'refused');
  } finally {
    world.close();
  }
});

test('its state can be kept and returned to', async () => {
  const world = new SimulatedWorld(spec, 1);
  try {
    await next(world, 3);
    await world.snapshotState();
    world.surge(50, 60_000);
    await next(world, 5);
    assert.ok(goodRatio(world.latest()!) < 0.9);
    await world.resetState();
    await next(world, 3);
    assert.ok(goodRatio(world.latest()!) > 0.99);
  } finally {
    world.close();
  }
});

test('targets that are not there are refused, and observers end when it closes', async () => {
  const world = new SimulatedWorld(spec, 1);
  const lease = mitigationLease(world);
  const refused = await world.apply({ ...lease, setting: { edge: 'a>b', change: {} } });
  assert.equal(refused.state, 'refused');
  const ended = (async () => {
    let n = 0;
    for await (const _ of world.observe()) if (++n === 2) world.close();
    return n;
  })();
  assert.equal(await ended, 2);
});

test('a mitigation that was renewed outlives its first end', async () => {
  const world = new SimulatedWorld(spec, 1);
  try {
    const now = () => world.clock.now();
    await world.apply({ ...mitigationLease(world), expiresAt: now() + 2000 });
    world.renew('m1', now() + 10_000);
    await next(world, 5);
    assert.equal(world.leases().length, 1);
    await next(world, 10);
    assert.equal(world.leases().length, 0);
  } finally {
    world.close();
  }
});
