import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuardian, type Guardian, type GuardianOptions } from '../../control-plane/guardian/guardian.ts';
import type { GuardianEvent } from '../../control-plane/guardian/ports.ts';
import { createMemoryStore } from '../../control-plane/guardian/testing/memory-store.ts';
import { createShopWorld, type ShopWorld } from '../../control-plane/guardian/testing/shop-world.ts';
import { staticPolicy } from '../../control-plane/learning/static-policy.ts';
import { describeMitigation, type Mitigation } from '../../control-plane/mesh/mitigation.ts';
import type { Policy } from '../../control-plane/mesh/policy.ts';
import type { Mode, Pattern } from '../../control-plane/mesh/record.ts';
import { rngOf } from '../../control-plane/mesh/rng.ts';
import type { Store } from '../../control-plane/mesh/store.ts';
import { believing, extremePolicy, learned, nanPolicy } from './policies.ts';

const quiet = {
  info() {},
  warn() {},
  error(fields: object, message: string) {
    throw new Error(`${message}: ${JSON.stringify(fields)} ${(fields as { err?: Error }).err?.stack}`);
  },
};
const failover: Mitigation = { kind: 'failover', target: { edge: 'web>pay' }, strength: 1 };

interface Scene {
  readonly world: ShopWorld;
  readonly store: Store;
  readonly guardian: Guardian;
  readonly events: GuardianEvent[];
  /** Runs windows; returns their good ratios. */
  run(windows: number): Promise<number[]>;
  inForce(): string[];
}

function scene(
  policy: Policy,
  more: Partial<GuardianOptions> & { mode?: Mode; seed?: number; store?: Store } = {},
): Scene {
  const world = createShopWorld(more.seed ?? 1);
  const store = more.store ?? createMemoryStore();
  const events: GuardianEvent[] = [];
  const guardian = createGuardian({
    world,
    store,
    clock: world.clock,
    logger: quiet,
    policy: () => policy,
    staticPolicy,
    learned,
    modeOf: () => more.mode ?? 'auto',
    onEvent: (e) => events.push(e),
    rng: rngOf(5),
    ...more,
  });
  return {
    world,
    store,
    guardian,
    events,
    async run(windows) {
      const ratios: number[] = [];
      for (let i = 0; i < windows; i++) {
        const s = await world.tick();
        await guardian.window(s);
        await new Promise((resolve) => setImmediate(resolve));
        ratios.push(s.entry.offered > 0 ? s.entry.good / s.entry.offered : 1);
      }
      return ratios;
    },
    inForce: () => world.leases().flatMap((l) => (l.type === 'mitigation' ? [describeMitigation(l.mitigation)] : [])),
  };
}

const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;

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
  assert.equal(s.events.filter((e) => e.type === 'alert').length, 1, 'said once');
  await s.guardian.cancelOverride(freeze.id, 'ada');
  await s.run(6);
  assert.match(notes(), /Nothing confident is known/);
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
  await bad({ type: 'forbid', what: 'magic' });
  await bad({ type: 'freeze', service: 'nowhere' });
  assert.equal(s.guardian.overrides().length, 1);
});

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

test('ten quiet minutes: nothing is done and nothing is recorded', async () => {
  const s = scene(extremePolicy, { seed: 9 });
  await s.run(600);
  assert.equal(s.world.applied.length, 0);
  assert.equal(s.store.incidents.count(), 0);
});
