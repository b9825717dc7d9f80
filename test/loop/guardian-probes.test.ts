import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MitigationLease } from '../../control-plane/mesh/lease.ts';
import type { OverrideOrder } from '../../control-plane/mesh/record.ts';
import { type Scene, scene } from './guardian-scene.ts';
import { believing } from './policies.ts';

// A probe takes a mitigation away to see whether it is still needed. An order that comes meanwhile wins.

const text = 'failover@web>pay×1';
const policy = believing({ [text]: 0.4 });
const release = { quietMs: 10_000, gapMs: 2000 };
const actions = (s: Scene) => s.store.audit.list().map((e) => e.action);

/** Pay ails, its failover healed users and is away for a probe. */
async function probing(): Promise<{ s: Scene; lease: MitigationLease }> {
  const s = scene(policy, { release });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  while (!actions(s).includes('probe removal')) await s.run(1);
  assert.deepEqual(s.inForce(), []);
  return { s, lease: s.world.applied[0]! };
}

const give = (s: Scene, order: OverrideOrder) =>
  s.guardian.override({ order, by: 'ada', reason: 'x', ttlMs: 3600_000 });

test('without an order it is put back under its own id', async () => {
  const { s, lease } = await probing();
  await s.run(8);
  assert.deepEqual(
    s.world.leases().map((l) => l.id),
    [lease.id],
  );
});

const orders: Record<string, OverrideOrder> = {
  'forbidden meanwhile': { type: 'forbid', what: 'failover@web>pay' },
  'frozen meanwhile': { type: 'freeze' },
  'switched off meanwhile': { type: 'mode', service: 'pay', mode: 'off' },
  'only observed from now on': { type: 'mode', service: 'web', mode: 'observe' },
};
for (const [name, order] of Object.entries(orders))
  test(`${name}: it is not put back, and that is said`, async () => {
    const { s } = await probing();
    await give(s, order);
    await s.run(15);
    assert.deepEqual(s.inForce(), []);
    assert.ok(actions(s).includes('not put back') && !actions(s).includes('put back'), `${actions(s)}`);
    assert.ok(s.store.incidents.list()[0]!.notes.some((n) => n.includes(`${text} is missed by users`)));
  });

test('only asked from now on: what users miss comes back, for a whole term', async () => {
  const { s, lease } = await probing();
  await give(s, { type: 'mode', service: 'pay', mode: 'approve' });
  await s.run(8);
  assert.deepEqual(s.inForce(), [text]);
  assert.ok(s.world.leases()[0]!.expiresAt > lease.expiresAt);
});

test('undone while it is away: it stays away', async () => {
  const { s, lease } = await probing();
  await give(s, { type: 'undo', lease: lease.id });
  await s.run(15);
  assert.deepEqual(s.inForce(), []);
  assert.ok(!actions(s).includes('put back'), `${actions(s)}`);
  assert.equal(s.store.decisions.list().find((d) => d.action.do === 'apply')!.outcome?.verdict, 'undone-by-operator');
});

test('what the proxies refuse to take back is not called put back', async () => {
  const { s } = await probing();
  s.world.apply = async () => ({ state: 'refused', reason: 'no proxy answered' });
  await s.run(6);
  assert.ok(actions(s).includes('not put back') && !actions(s).includes('put back'), `${actions(s)}`);
});
