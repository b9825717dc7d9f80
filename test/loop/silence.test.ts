import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene } from './guardian-scene.ts';
import { believing } from './policies.ts';

test('in an incident a silent entry is neither recovery nor the verdict of a trial', async () => {
  const s = scene(believing({ 'outlier-detection@web>pay×1': 0.4 }));
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.8 });
  while (s.world.applied.length === 0) await s.run(1);
  s.world.silent.add('ingress');
  await s.run(10);
  const incident = s.guardian.incident()!;
  assert.equal(incident.state, 'open');
  assert.ok(incident.goodputDuring > 0, 'silence is not the worst that users saw');
  assert.ok(incident.notes.some((n) => n.includes('not heard')));
  const { outcome } = s.store.decisions.get(incident.decisions.at(-1)!)!;
  assert.equal(outcome, undefined, JSON.stringify(outcome));
  s.world.silent.clear();
  await s.run(12);
  assert.equal(s.store.decisions.get(incident.decisions[0]!)!.outcome?.verdict, 'removed-no-better');
  assert.equal(s.guardian.incident()?.state, 'open');
});

test('silence teaches no baseline: neither the entry’s nor that of a caller of which one replica is silent', async () => {
  const s = scene(believing({}));
  await s.run(60);
  const before = s.guardian.healthy();
  s.world.silent.add('ingress');
  await s.run(150);
  assert.deepEqual(s.guardian.healthy(), before);
  s.world.silent.clear();
  s.world.silent.add('pay');
  await s.run(150);
  assert.deepEqual(s.guardian.healthy().edges['pay>bank'], before.edges['pay>bank']);
  assert.ok(s.guardian.healthy().edges['ingress>web']!.rate > 20);
});

test('the removal of a mitigation is not judged by windows that were not seen', async () => {
  const s = scene(believing({ 'failover@web>pay×1': 0.4 }), { release: { quietMs: 5000 } });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  while (s.inForce().length === 0) await s.run(1);
  while (s.inForce().length > 0) await s.run(1);
  s.world.silent.add('ingress');
  await s.run(10);
  assert.ok(!s.store.audit.list().some((e) => e.action === 'release'));
  s.world.silent.clear();
  await s.run(8);
  assert.deepEqual(s.inForce(), ['failover@web>pay×1'], 'still needed: put back');
});
