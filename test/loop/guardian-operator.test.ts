import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Guardian } from '../../control-plane/guardian/guardian.ts';
import type { Mitigation } from '../../control-plane/mesh/mitigation.ts';
import { scene } from './guardian-scene.ts';
import { believing } from './policies.ts';

test('observe: what would have been done is recorded, nothing is done', async () => {
  const s = scene(believing({ 'failover@web>pay×1': 0.4 }), { mode: 'observe' });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  await s.run(15);
  assert.equal(s.world.applied.length, 0);
  const incident = s.store.incidents.list()[0]!;
  const wouldBe = s.store.decisions.list().filter((d) => d.action.do === 'apply');
  assert.equal(wouldBe.length, 1);
  assert.match(wouldBe[0]!.why, /would have been applied/);
  assert.ok(incident.notes.some((n) => n.includes('failover@web>pay×1')));
  assert.equal(incident.firstActionAt, undefined);
});

test('off: nothing is even considered', async () => {
  const s = scene(believing({ 'failover@web>pay×1': 0.4 }), { mode: 'off' });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  await s.run(12);
  assert.equal(s.world.applied.length, 0);
  assert.ok(!s.store.decisions.list().some((d) => d.action.do === 'apply'));
});

test('approve: it waits for a yes, then acts at once; a decision not on offer is refused', async () => {
  const s = scene(believing({ 'failover@web>pay×1': 0.4 }), { mode: 'approve' });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  await s.run(10);
  assert.equal(s.world.applied.length, 0);
  const offered = s.store.decisions.list().find((d) => d.action.do === 'apply')!;
  const ask = (decision: string) =>
    s.guardian.override({ order: { type: 'approve', decision }, by: 'ada', reason: 'go', ttlMs: 1000 });
  await assert.rejects(ask('d-none'), { code: 'UMB0702' });
  await ask(offered.id);
  assert.deepEqual(s.inForce(), ['failover@web>pay×1']);
  await s.run(10);
  assert.equal(s.store.incidents.list()[0]!.state, 'mitigated');
  assert.equal(s.store.decisions.get(offered.id)!.outcome?.verdict, 'kept');
  assert.ok(s.store.audit.list().some((e) => e.by === 'ada' && e.action === 'approve'));
});

test('freeze stops new actions; after it is cancelled the guardian goes on', async () => {
  const s = scene(believing({ 'failover@web>pay×1': 0.4 }));
  await s.run(30);
  const freeze = await s.guardian.override({ order: { type: 'freeze' }, by: 'ada', reason: 'deploy', ttlMs: 3600_000 });
  s.world.ailments.set('pay', { errors: 0.9 });
  await s.run(12);
  assert.equal(s.world.applied.length, 0);
  await s.guardian.cancelOverride(freeze.id, 'ada');
  await s.run(3);
  assert.deepEqual(s.inForce(), ['failover@web>pay×1']);
});

test('while it is frozen the incident says so, not that nothing is known', async () => {
  const s = scene(believing({}));
  await s.run(30);
  const freeze = await s.guardian.override({ order: { type: 'freeze' }, by: 'ada', reason: 'deploy', ttlMs: 3600_000 });
  s.world.ailments.set('pay', { errors: 0.9 });
  await s.run(12);
  const notes = () => s.store.incidents.list()[0]!.notes.join('\n');
  assert.match(notes(), /nothing is changed: everything is frozen by ada/);
  assert.doesNotMatch(notes(), /Nothing confident/);
  const alerts = () => s.events.flatMap((e) => (e.type === 'alert' ? [e.kind] : []));
  assert.deepEqual(alerts(), ['frozen'], 'said once');
  await s.guardian.cancelOverride(freeze.id, 'ada');
  await s.run(6);
  assert.match(notes(), /Nothing confident is known/);
  assert.deepEqual(alerts(), ['frozen', 'nothing-confident']);
});

test('a freeze of one service leaves the others alone; it ends by itself', async () => {
  const s = scene(believing({ 'failover@web>pay×1': 0.4 }));
  await s.run(30);
  await s.guardian.override({ order: { type: 'freeze', service: 'cart' }, by: 'ada', reason: 'x', ttlMs: 3600_000 });
  await s.guardian.override({ order: { type: 'freeze', service: 'pay' }, by: 'ada', reason: 'x', ttlMs: 12_000 });
  s.world.ailments.set('pay', { errors: 0.9 });
  await s.run(10);
  assert.equal(s.world.applied.length, 0);
  await s.run(6);
  assert.deepEqual(s.inForce(), ['failover@web>pay×1']);
  assert.equal(s.guardian.overrides().length, 1);
});

test('undo takes it away at once and it does not come back while the order stands', async () => {
  const s = scene(believing({ 'failover@web>pay×1': 0.4 }));
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  await s.run(12);
  const lease = s.world.leases()[0]!;
  await s.guardian.override({ order: { type: 'undo', lease: lease.id }, by: 'ada', reason: 'no', ttlMs: 60_000 });
  assert.deepEqual(s.inForce(), []);
  await s.run(15);
  assert.ok(!s.inForce().includes('failover@web>pay×1'));
  assert.ok(s.store.decisions.list().some((d) => d.outcome?.verdict === 'undone-by-operator'));
  await assert.rejects(
    s.guardian.override({ order: { type: 'undo', lease: lease.id }, by: 'ada', reason: 'no', ttlMs: 1 }),
    { code: 'UMB0702' },
  );
});

test('forbid by kind and by target; pin is in force at once, beats the policy, and ends with its order', async () => {
  const s = scene(believing({ 'failover@web>pay×1': 0.4, 'retry@web>pay×1': 0.1 }));
  await s.run(30);
  await s.guardian.override({
    order: { type: 'forbid', what: 'failover@web>pay' },
    by: 'ada',
    reason: 'x',
    ttlMs: 1e6,
  });
  const pinned: Mitigation = { kind: 'retry', target: { edge: 'web>pay' }, strength: 2 };
  const pin = await s.guardian.override({
    order: { type: 'pin', mitigation: pinned },
    by: 'ada',
    reason: 'x',
    ttlMs: 1e6,
  });
  assert.deepEqual(s.inForce(), ['retry@web>pay×2']);
  s.world.ailments.set('pay', { errors: 0.9 });
  await s.run(15);
  assert.ok(!s.inForce().includes('failover@web>pay×1'), 'forbidden');
  assert.ok(!s.inForce().includes('retry@web>pay×1'), 'the operator pinned another strength');
  await s.guardian.cancelOverride(pin.id, 'ada');
  assert.ok(!s.inForce().includes('retry@web>pay×2'));
  const bad = (order: Parameters<Guardian['override']>[0]['order']) =>
    assert.rejects(s.guardian.override({ order, by: 'ada', reason: 'x', ttlMs: 1000 }), { code: 'UMB0701' });
  await bad({ type: 'pin', mitigation: { kind: 'retry', target: { edge: 'pay>bank' }, strength: 1 } });
  await bad({ type: 'pin', mitigation: { ...pinned, strength: 99 } });
  await bad({ type: 'forbid', what: 'magic' });
  await bad({ type: 'freeze', service: 'nowhere' });
  assert.equal(s.guardian.overrides().length, 1);
});
