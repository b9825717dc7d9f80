import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuardian, type Guardian } from '../../control-plane/guardian/guardian.ts';
import { staticPolicy } from '../../control-plane/learning/static-policy.ts';
import { failover, quiet, type Scene, scene } from './guardian-scene.ts';
import { believing, learned } from './policies.ts';

test('after the trouble is gone mitigations are taken back; while it lasts a probe puts them back', async () => {
  const s = scene(believing({ 'failover@web>pay×1': 0.4 }), { release: { quietMs: 10_000, gapMs: 2000 } });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  await s.run(40);
  const audit = s.store.audit.list().map((e) => e.action);
  assert.ok(audit.includes('probe removal') && audit.includes('put back'), `${audit}`);
  assert.deepEqual(s.inForce(), ['failover@web>pay×1']);
  s.world.ailments.delete('pay');
  await s.run(60);
  assert.deepEqual(s.inForce(), []);
  const incident = s.store.incidents.list()[0]!;
  assert.equal(incident.state, 'recovered');
  assert.ok(incident.closedAt);
  assert.equal(s.store.incidents.count(), 1);
});

test('a trouble that begins well after recovery is an incident of its own; what is in force stays', async () => {
  const policy = believing({ 'failover@web>pay×1': 0.4, 'scale@cart×1': 0.3 });
  const s = scene(policy, { release: { quietMs: 300_000 } });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  await s.run(50);
  assert.equal(s.store.incidents.list()[0]!.state, 'mitigated');
  s.world.ailments.set('web', { errors: 0.5 });
  await s.run(6);
  const [second, first] = s.store.incidents.list();
  assert.equal(s.store.incidents.count(), 2);
  assert.equal(first!.state, 'recovered');
  assert.ok(first!.closedAt! > first!.recoveredAt! + 30_000);
  assert.ok(first!.notes.some((n) => /another trouble began \d+ s after recovery/.test(n)));
  assert.equal(second!.state, 'open');
  assert.ok(second!.onset > first!.recoveredAt! + 30_000);
  assert.ok(s.inForce().includes('failover@web>pay×1'));
});

test('a trouble that is back soon after recovery is the same incident', async () => {
  const s = scene(believing({ 'failover@web>pay×1': 0.4 }), { release: { quietMs: 300_000 } });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  await s.run(20);
  assert.equal(s.store.incidents.list()[0]!.state, 'mitigated');
  s.world.ailments.set('web', { errors: 0.5 });
  await s.run(6);
  assert.equal(s.store.incidents.count(), 1);
  assert.equal(s.store.incidents.list()[0]!.state, 'open');
});

test('troubles again and again teach no baseline by their beginnings', async () => {
  const s = scene(believing({}));
  await s.run(60);
  for (let i = 0; i < 8; i++) {
    s.world.ailments.set('pay', { errors: 0.25 });
    await s.run(15);
    s.world.ailments.delete('pay');
    await s.run(25);
  }
  assert.ok(s.store.incidents.count() >= 7);
  const { goodRatio } = s.guardian.healthy().edges['ingress>web']!;
  assert.ok(goodRatio > 0.99, `${goodRatio}`);
});

test('after a restart leases and orders stand, and are judged anew', async () => {
  const first = scene(believing({ 'failover@web>pay×1': 0.4 }), { release: { quietMs: 5000 } });
  await first.run(30);
  await first.guardian.override({
    order: { type: 'mode', service: 'cart', mode: 'off' },
    by: 'ada',
    reason: 'x',
    ttlMs: 1e7,
  });
  first.world.ailments.set('pay', { errors: 0.9 });
  await first.run(12);
  const { world, store } = first;
  const again = createGuardian({
    world,
    store,
    clock: world.clock,
    logger: quiet,
    policy: () => believing({}),
    staticPolicy,
    learned,
    modeOf: () => 'auto',
    release: { quietMs: 5000 },
  });
  assert.equal(again.modeOf('cart'), 'off');
  assert.equal(again.incident()?.state, 'mitigated');
  world.ailments.delete('pay');
  for (let i = 0; i < 40; i++) await again.window(await world.tick());
  assert.deepEqual(world.leases(), []);
  assert.equal(store.incidents.list()[0]!.state, 'recovered');
});

/** The control plane of the scene is killed and started again: a new guardian over the same world and store. */
function restarted({ world, store }: Scene): Guardian {
  return createGuardian({
    world,
    store,
    clock: world.clock,
    logger: quiet,
    policy: () => believing({}),
    staticPolicy,
    learned,
    modeOf: () => 'auto',
  });
}

test('killed during a trial: what helps is judged anew and kept, in the plan and in the explanation', async () => {
  const s = scene(believing({ 'failover@web>pay×1': 0.4 }));
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  while (s.world.applied.length === 0) await s.run(1);
  const again = restarted(s);
  for (let i = 0; i < 12; i++) await again.window(await s.world.tick());
  const incident = s.store.incidents.list()[0]!;
  assert.equal(s.store.decisions.get(incident.decisions[0]!)!.outcome?.verdict, 'kept');
  assert.deepEqual(incident.plan, [failover]);
  assert.equal(incident.state, 'mitigated');
  assert.ok(incident.notes.some((n) => /restarted during the trial of failover@web>pay×1/.test(n)));
  assert.ok(s.store.audit.list().some((e) => e.action === 'judge anew'));
});

test('killed during a trial: what does harm is taken back', async () => {
  const s = scene(believing({ 'admission-control@ingress>web×1': 0.9 }));
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.7 });
  while (s.world.applied.length === 0) await s.run(1);
  const again = restarted(s);
  for (let i = 0; i < 6; i++) await again.window(await s.world.tick());
  const incident = s.store.incidents.list()[0]!;
  assert.equal(s.store.decisions.get(incident.decisions[0]!)!.outcome?.verdict, 'removed-worse');
  assert.deepEqual(s.inForce(), []);
});

test('killed while a mitigation is away for a probe: the incident tells it, and goes on when users suffer', async () => {
  const s = scene(believing({ 'failover@web>pay×1': 0.4 }), { release: { quietMs: 40_000 } });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  while (!s.store.audit.list().some((e) => e.action === 'probe removal')) await s.run(1);
  assert.deepEqual(s.inForce(), []);
  const again = restarted(s);
  for (let i = 0; i < 10; i++) await again.window(await s.world.tick());
  assert.equal(s.store.incidents.count(), 1);
  assert.equal(again.incident()?.state, 'open');
  assert.ok(again.incident()!.notes.some((n) => /no longer in force when the control plane came back/.test(n)));
});
