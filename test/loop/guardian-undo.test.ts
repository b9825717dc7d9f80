import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failover, type Scene, scene } from './guardian-scene.ts';
import { believing, learned } from './policies.ts';

// What the operator undoes may have been what healed: the incident goes on until users are seen to be well without it.

const policy = believing({ 'failover@web>pay×1': 0.4 });
const release = { quietMs: 1e7 };

async function untilMitigated(s: Scene): Promise<void> {
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  while (s.guardian.incident()?.state !== 'mitigated') await s.run(1);
}

const undo = (s: Scene, lease = s.world.leases()[0]!.id) =>
  s.guardian.override({ order: { type: 'undo', lease }, by: 'ada', reason: 'x', ttlMs: 3600_000 });

for (const later of [0, 60])
  test(`undone ${later} windows after recovery while the trouble lasts: the same incident goes on`, async () => {
    const s = scene(policy, { release });
    await untilMitigated(s);
    await s.run(later);
    await undo(s);
    await s.run(12);
    assert.equal(s.store.incidents.count(), 1);
    const incident = s.guardian.incident()!;
    assert.equal(incident.state, 'open');
    assert.equal(incident.closedAt, undefined);
    assert.equal(incident.undone, 1);
    assert.deepEqual(s.inForce(), []);
  });

test('undone when the trouble is over: it closes once users were seen to be well without it', async () => {
  const s = scene(policy, { release });
  await untilMitigated(s);
  s.world.ailments.delete('pay');
  await s.run(5);
  await undo(s);
  await s.run(2);
  assert.equal(s.guardian.incident()?.state, 'mitigated', 'two windows say nothing yet');
  await s.run(6);
  assert.equal(s.guardian.incident(), undefined);
  assert.equal(s.store.incidents.list()[0]!.state, 'recovered');
  assert.equal(s.store.incidents.count(), 1);
});

test('undone in the window that completes recovery: the same incident goes on', async () => {
  const s = scene(policy, { release });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  while (!s.store.decisions.list().some((d) => d.outcome?.verdict === 'kept')) await s.run(1);
  const last = await s.world.tick();
  await undo(s);
  await s.guardian.window(last);
  assert.equal(s.guardian.state().impaired, false);
  await s.run(12);
  assert.equal(s.store.incidents.count(), 1);
  assert.equal(s.guardian.incident()?.state, 'open');
});

test('a pattern whose mitigation the operator undid is neither credited nor blamed', async () => {
  const first = scene(believing({}));
  await first.run(30);
  first.world.ailments.set('pay', { errors: 0.9 });
  await first.run(6);
  const { signature } = first.store.incidents.list()[0]!;
  const evidence = { at: 1, signature, plan: [failover], gain: 0.5, cost: 0.01, healed: true };
  let pattern = learned.withEvidence(undefined, evidence);
  for (let i = 0; i < 2; i++) pattern = learned.withEvidence(pattern, { ...evidence, controlRecovered: false });
  const s = scene(believing({}), { release });
  s.store.patterns.put(pattern);
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  while (s.world.applied.length === 0) await s.run(1);
  await undo(s);
  s.world.ailments.delete('pay');
  await s.run(12);
  assert.equal(s.store.incidents.list()[0]!.state, 'recovered');
  const { trials, successes } = s.store.patterns.get(pattern.id)!;
  assert.deepEqual([trials, successes], [pattern.trials, pattern.successes]);
});
