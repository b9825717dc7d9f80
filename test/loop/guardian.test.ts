import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeMitigation } from '../../control-plane/mesh/mitigation.ts';
import type { Policy } from '../../control-plane/mesh/policy.ts';
import type { Mode, Pattern } from '../../control-plane/mesh/record.ts';
import { failover, mean, scene } from './guardian-scene.ts';
import { believing, extremePolicy, learned, nanPolicy } from './policies.ts';

test('an incident is detected, healed by the policy, and explained', async () => {
  const s = scene(believing({ 'failover@web>pay×1': 0.4 }));
  await s.run(30);
  assert.equal(s.guardian.state().ready, true);
  assert.equal(s.world.applied.length, 0, 'nothing is done while all is well');
  s.world.ailments.set('pay', { errors: 0.9 });
  const ratios = await s.run(14);
  assert.ok(mean(ratios.slice(-5)) > 0.95, `${ratios}`);
  assert.deepEqual(s.inForce(), ['failover@web>pay×1']);
  const incident = s.store.incidents.list()[0]!;
  assert.equal(incident.state, 'mitigated');
  assert.equal(incident.source, 'policy');
  assert.deepEqual(incident.plan, [failover]);
  assert.equal(incident.origins[0], 'pay');
  assert.ok(incident.detectedAt - incident.onset <= 5000);
  assert.ok(incident.recoveredAt! - incident.onset <= 20_000);
  assert.ok(incident.goodputDuring < 0.75 * incident.goodputBefore);
  const decision = s.store.decisions.get(incident.decisions.at(-1)!)!;
  assert.equal(decision.outcome?.verdict, 'kept');
  assert.ok(decision.outcome!.after > decision.outcome!.predicted + 0.2);
  assert.ok(decision.candidates.length > 5 && decision.candidates.length <= 12);
  assert.ok(s.store.audit.list().some((e) => e.action === 'apply' && e.subject === 'failover@web>pay×1'));
});

test('a mitigation that does harm is gone within windows, and the next best one is tried', async () => {
  const s = scene(believing({ 'admission-control@ingress>web×1': 0.9, 'failover@web>pay×1': 0.3 }));
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.7 });
  const ratios = await s.run(25);
  const harmful = s.store.decisions
    .list()
    .find((d) => d.action.do === 'apply' && d.action.mitigation.kind === 'admission-control')!;
  assert.equal(harmful.outcome?.verdict, 'removed-worse', JSON.stringify(harmful.outcome));
  assert.ok(harmful.outcome!.at - harmful.outcome!.effectiveAt! <= 3000);
  assert.deepEqual(s.inForce(), ['failover@web>pay×1']);
  assert.ok(mean(ratios.slice(-5)) > 0.95);
  assert.ok(s.guardian.state().credit < 1);
});

test('what does not help is taken back at the end of its trial and not tried again', async () => {
  const s = scene(believing({ 'scale@cart×1': 0.5 }));
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.8 });
  await s.run(40);
  const tries = s.store.decisions
    .list()
    .filter(
      (d) =>
        d.action.do === 'apply' &&
        d.action.mitigation.target &&
        'service' in d.action.mitigation.target &&
        d.action.mitigation.target.service === 'cart',
    );
  assert.equal(tries.length, 1);
  assert.equal(tries[0]!.outcome?.verdict, 'removed-no-better');
  assert.ok(!s.inForce().includes('scale@cart×1'));
  assert.ok(s.events.some((e) => e.type === 'alert'));
});

test('a plan of two steps: each one is verified on top of the other', async () => {
  const s = scene(believing({ 'retry@web>pay×0': 0.3, 'rate-limit@ingress>web×1.1': 0.2 }));
  // The application retries by itself, so that turning retries off means something.
  (s.world.topology.edges['web>pay'] as { retries: number }).retries = 2;
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.95, collapse: true });
  const ratios = await s.run(25);
  const incident = s.store.incidents.list()[0]!;
  assert.deepEqual(incident.plan.map(describeMitigation), ['retry@web>pay×0', 'rate-limit@ingress>web×1.1']);
  assert.equal(incident.state, 'mitigated');
  assert.ok(incident.recoveredAt! - incident.onset <= 20_000, `${incident.recoveredAt! - incident.onset}`);
  assert.ok(mean(ratios.slice(-5)) > 0.95);
});

test('a trusted pattern goes before the policy, and all of its plan at once', async () => {
  const probe = scene(believing({}));
  await probe.run(30);
  probe.world.ailments.set('pay', { errors: 0.9 });
  await probe.run(6);
  const { signature } = probe.store.incidents.list()[0]!;
  assert.match(signature, /origin=pay/);
  const pattern: Pattern = { ...proven(signature), plan: [failover] };
  const s = scene(believing({ 'rate-limit@ingress>web×0.8': 0.5 }), { seed: 1 });
  s.store.patterns.put(pattern);
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  await s.run(14);
  const incident = s.store.incidents.list()[0]!;
  assert.equal(incident.source, 'pattern');
  assert.deepEqual(s.inForce(), ['failover@web>pay×1']);
  assert.equal(s.store.patterns.get(pattern.id)!.successes, pattern.successes + 1, 'production is evidence too');
});

function proven(signature: string): Pattern {
  const plan = [failover];
  const now = { at: 1, signature, plan, gain: 0.5, cost: 0.01 };
  let p = learned.withEvidence(undefined, { ...now, healed: true });
  p = learned.withEvidence(p, { ...now, healed: true });
  p = learned.withEvidence(p, { ...now, healed: true, controlRecovered: false });
  assert.equal(p.status, 'trusted');
  return p;
}

test('NaN: the static policy decides and the operator is told', async () => {
  const s = scene(nanPolicy);
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  const ratios = await s.run(20);
  assert.ok(mean(ratios.slice(-4)) > 0.95, `${ratios}`);
  const incident = s.store.incidents.list()[0]!;
  assert.ok(incident.notes.some((n) => n.includes('not numbers')));
});

test('a policy of extremes costs at most one point of good ratio, and loses its say', async () => {
  for (const seed of [1, 2, 3]) {
    const with0 = await incidentRun(believing({}), seed, 'observe');
    const withExtreme = await incidentRun(extremePolicy, seed, 'auto');
    assert.ok(withExtreme.ratio >= with0.ratio - 0.01, `seed ${seed}: ${withExtreme.ratio} against ${with0.ratio}`);
  }
});

/** Two minutes, one of them with a trouble nothing of the extremes heals. */

async function incidentRun(policy: Policy, seed: number, mode: Mode): Promise<{ ratio: number }> {
  const s = scene(policy, { seed, mode });
  await s.run(30);
  s.world.count = { good: 0, offered: 0 };
  s.world.ailments.set('web', { errors: 0.3 });
  await s.run(60);
  s.world.ailments.delete('web');
  await s.run(60);
  return { ratio: s.world.count.good / s.world.count.offered };
}

test('ten quiet minutes: nothing is done and nothing is recorded', async () => {
  const s = scene(extremePolicy, { seed: 9 });
  await s.run(600);
  assert.equal(s.world.applied.length, 0);
  assert.equal(s.store.incidents.count(), 0);
});
