import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mitigation, Plan } from '../../control-plane/mesh/mitigation.ts';
import type { Pattern } from '../../control-plane/mesh/record.ts';
import { failover, type Scene, scene } from './guardian-scene.ts';
import { believing, learned } from './policies.ts';

// What the operator undoes, or what expires, may have been what healed: the incident goes on until users are seen to be well
// without it.

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

/** A shop that knows a trusted pattern of that plan for what ails pay. */
async function knowing(plan: Plan): Promise<{ s: Scene; pattern: Pattern }> {
  const first = scene(believing({}));
  await first.run(30);
  first.world.ailments.set('pay', { errors: 0.9 });
  await first.run(6);
  const { signature } = first.store.incidents.list()[0]!;
  const evidence = { at: 1, signature, plan, gain: 0.5, cost: 0.01, healed: true };
  let pattern = learned.withEvidence(undefined, evidence);
  for (let i = 0; i < 2; i++) pattern = learned.withEvidence(pattern, { ...evidence, controlRecovered: false });
  const s = scene(believing({}), { release });
  s.store.patterns.put(pattern);
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  while (s.world.applied.length === 0) await s.run(1);
  return { s, pattern };
}

/** Neither a trial more nor a success more than before. */
function assertNoEvidence(s: Scene, { id, trials, successes }: Pattern): void {
  const now = s.store.patterns.get(id)!;
  assert.deepEqual([now.trials, now.successes], [trials, successes]);
}

test('a pattern whose mitigation the operator undid is neither credited nor blamed', async () => {
  const { s, pattern } = await knowing([failover]);
  await undo(s);
  s.world.ailments.delete('pay');
  await s.run(12);
  assert.equal(s.store.incidents.list()[0]!.state, 'recovered');
  assertNoEvidence(s, pattern);
});

const scaling: Mitigation = { kind: 'scale', target: { service: 'cart' }, strength: 1 };
/** Verdicts of the newest incident's decisions, by mitigation. */
const verdicts = (s: Scene) =>
  Object.fromEntries(
    s.store.decisions
      .list()
      .flatMap((d) => (d.action.do === 'apply' ? [[d.action.mitigation.kind, d.outcome?.verdict]] : [])),
  );

test('one step of a plan on trial undone: the rest is judged and kept', async () => {
  const { s, pattern } = await knowing([failover, scaling]);
  await s.run(1);
  await undo(s, s.world.applied[1]!.id);
  assert.deepEqual(verdicts(s), { failover: undefined, scale: 'undone-by-operator' });
  await s.run(8);
  assert.deepEqual(verdicts(s), { failover: 'kept', scale: 'undone-by-operator' });
  assert.deepEqual(s.store.incidents.list()[0]!.plan, [failover]);
  assertNoEvidence(s, pattern);
});

test('the step that healed undone: the rest is judged without it and taken back', async () => {
  const { s, pattern } = await knowing([failover, scaling]);
  await s.run(1);
  await undo(s, s.world.applied[0]!.id);
  await s.run(20);
  assert.deepEqual(verdicts(s), { failover: 'undone-by-operator', scale: 'removed-no-better' });
  assert.deepEqual(s.inForce(), []);
  assertNoEvidence(s, pattern);
});

test('a lease that ends by itself while the trouble lasts is no recovery', async () => {
  const s = scene(policy, { release });
  await untilMitigated(s);
  await s.run(40);
  const lease = s.world.leases()[0]!;
  // What is forbidden is not renewed.
  await s.guardian.override({
    order: { type: 'forbid', what: 'failover' },
    by: 'ada',
    reason: 'x',
    ttlMs: 3600_000,
  });
  s.world.renew(lease.id, s.world.clock.now() + 2500);
  await s.run(12);
  assert.deepEqual(s.inForce(), []);
  assert.ok(s.store.audit.list().some((e) => e.by === 'clock' && e.subject === 'failover@web>pay×1'));
  assert.equal(s.store.incidents.count(), 1);
  assert.equal(s.guardian.incident()?.state, 'open');
});
