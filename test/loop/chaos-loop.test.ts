import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createShopWorld } from '../../control-plane/guardian/testing/shop-world.ts';
import { candidatesOf } from '../../control-plane/learning/candidates.ts';
import { faultKinds } from '../../control-plane/mesh/fault.ts';
import { describeAction, type Plan } from '../../control-plane/mesh/mitigation.ts';
import type { Diagnosis } from '../../control-plane/mesh/record.ts';
import { start } from './chaos-scene.ts';

test('ten minutes: every class, trusted patterns with failed controls, a fifth of the time unfaulted', async () => {
  const r = start();
  await r.live(600);
  const status = r.loop.status();
  const classes = new Set(Object.values(faultKinds).map((k) => k.class));
  assert.deepEqual(new Set(Object.keys(status.byClass)), classes);
  assert.ok(status.episodes >= 12, `${status.episodes} episodes`);
  assert.ok(status.unfaultedShare >= 0.2, `${status.unfaultedShare}`);
  const patterns = r.store.patterns.list().filter((p) => p.status === 'trusted');
  assert.ok(patterns.length >= 4, JSON.stringify(r.store.patterns.list(), null, 1));
  for (const p of patterns) {
    assert.ok(p.successes >= 2 && p.controlFailed >= 1);
    assert.ok(p.gain > 0.1);
  }
  await r.end();
  assert.deepEqual(r.world.leases(), [], 'nothing is left behind');
  for (const e of r.store.episodes.list()) {
    assert.ok(e.endedAt !== undefined);
    if (e.invalid === undefined && e.recovered && !e.control) assert.ok(e.plan.length > 0);
  }
  assert.ok(r.store.ledger.list().length > 5);
  const steps = r.experiences.flatMap((e) => e.steps);
  assert.ok(steps.length > 10);
  for (const s of steps) {
    assert.ok(Number.isFinite(s.advantage) && s.advantage >= -1 && s.advantage <= 1);
    assert.ok(s.probability > 0 && s.probability <= 1);
    const allowed = candidatesOf(s.context).filter((c) => c.masked === undefined);
    assert.ok(
      allowed.some((c) => describeAction(c.action) === describeAction(s.action)),
      'a learner finds what was tried',
    );
  }
});

test('production in trouble: the episode is cleared at once and nothing more is injected', async () => {
  const r = start();
  while (!r.world.leases().some((l) => l.type === 'fault')) await r.world.tick();
  r.production.incidentOpen = true;
  await r.live(3);
  assert.ok(!r.world.leases().some((l) => l.type === 'fault'));
  const before = r.loop.status().episodes;
  await r.live(60);
  assert.equal(r.loop.status().episodes, before);
  assert.match(r.loop.status().paused!, /incident/);
  r.production.incidentOpen = false;
  await r.live(60);
  assert.ok(r.loop.status().episodes > before);
  await r.end();
});

test('a fault that is tolerated comes back stronger', async () => {
  const r = start({ generator: { kinds: ['abort'], exclude: ['web', 'pay'] } });
  // cart is optional: aborting it hurts nobody.
  await r.live(120);
  const episodes = r.store.episodes.list();
  assert.ok(episodes.length >= 2);
  assert.ok(episodes.every((e) => e.detectedAfterMs === undefined && !e.recovered));
  assert.ok(
    episodes.some((e) => e.tookEffect),
    'its symptom was measured all the same',
  );
  await r.end();
});

test('after a restart the curriculum knows what was proven, and faults left behind are swept', async () => {
  const first = start();
  await first.live(300);
  const known = first.store.patterns.list().length;
  assert.ok(known > 0);
  const world = createShopWorld(4, 'shadow');
  await world.inject({
    type: 'fault',
    id: 'f-left',
    owner: 'chaos',
    reason: 'left',
    createdAt: world.clock.now(),
    expiresAt: world.clock.now() + 1e9,
    fault: { kind: 'abort', target: { service: 'pay' }, magnitude: 1, share: 1, durationMs: 1e9, seed: 1 },
  });
  const again = start({ store: first.store, world });
  await again.live(5);
  assert.ok(!again.world.leases().some((l) => l.id === 'f-left'));
  await again.live(120);
  assert.ok(
    again.store.episodes.list().every((e) => e.endedAt !== undefined || again.loop.status().activity.includes(e.id)),
  );
  await again.end();
  await first.end();
});

test('stopped in the middle of an episode it clears up', async () => {
  const r = start();
  while (!r.world.leases().some((l) => l.type === 'fault')) await r.world.tick();
  await r.end();
  assert.deepEqual(r.world.leases(), []);
});

test('nothing is broken where the shadow is not heard, and an episode that goes dark counts for nothing', async () => {
  const run = start();
  while (!run.world.leases().some((l) => l.type === 'fault')) await run.live(1);
  run.world.silent.add('ingress');
  await run.live(20);
  assert.equal(run.world.leases().length, 0);
  const [dark] = run.store.episodes.list();
  assert.equal(dark?.invalid, 'the shadow is not heard');
  const { faultsInjected, paused } = run.loop.status();
  await run.live(60);
  assert.equal(run.loop.status().faultsInjected, faultsInjected);
  assert.equal(run.experiences.length, 0);
  run.world.silent.clear();
  while (!run.world.leases().some((l) => l.type === 'fault')) await run.live(1);
  await run.end();
  assert.equal(paused, 'the shadow is not heard');
});

/** What production shows when pay fails nearly always. */
const trouble: Diagnosis = {
  at: 0,
  symptoms: [{ kind: 'errors', target: { edge: 'web>pay' }, severity: 0.9, since: 0, growth: 0 }],
  origins: [{ service: 'pay', score: 1 }],
  impaired: true,
  goodRatio: 0.4,
};
const candidates: Plan = [{ kind: 'failover', target: { edge: 'web>pay' }, strength: 1 }];

test('production in trouble: nothing but a reproduction of it is broken; an operator who stops the loop stops that too', async () => {
  let stopped: string | undefined;
  const run = start({ stopped: () => stopped });
  Object.assign(run.production, { impaired: true, incidentOpen: true });
  await run.live(60);
  assert.equal(run.store.episodes.count(), 0);
  const plan = run.loop.verify(trouble, candidates);
  while (!run.world.leases().some((l) => l.type === 'fault')) await run.live(1);
  stopped = 'an operator froze everything';
  while (run.world.leases().length > 0) await run.live(1);
  await run.live(30);
  assert.equal(await plan, undefined);
  const [cut, ...more] = run.store.episodes.list();
  assert.equal(cut?.invalid, stopped);
  assert.deepEqual(more, []);
  assert.ok(run.store.ledger.list()[0]!.amount < 0, 'it is booked');
  assert.equal(await run.loop.verify(trouble, candidates), undefined);
  await run.end();
  assert.equal(run.store.episodes.count(), 1);
});

for (const [what, generator] of [
  ['its origin is excluded', { exclude: ['pay'] }],
  ['other kinds of fault are wanted', { kinds: ['load', 'dependency'] }],
] as const)
  test(`production in trouble: nothing is broken to reproduce it where the document forbids (${what}), and that is said`, async () => {
    const said: string[] = [];
    const logger = {
      info: (_: object, message: string) => void said.push(message),
      warn() {},
      error: (_: object, message: string) => assert.fail(message),
    };
    const run = start({ generator, logger });
    Object.assign(run.production, { impaired: true, incidentOpen: true });
    await run.live(60);
    const plan = run.loop.verify(trouble, candidates);
    await run.live(30);
    assert.equal(run.store.episodes.count(), 0);
    assert.deepEqual(run.world.leases(), []);
    assert.ok(said.includes('no fault that is possible and allowed shows this trouble'));
    assert.equal(await plan, undefined);
    await run.end();
  });

test('what was asked before an operator stopped the loop is not tried after', async () => {
  let stopped: string | undefined;
  const run = start({ stopped: () => stopped });
  Object.assign(run.production, { impaired: true, incidentOpen: true });
  await run.live(60);
  const plan = run.loop.verify(trouble, candidates);
  stopped = 'an operator froze everything';
  await run.live(30);
  assert.equal(await plan, undefined);
  await run.end();
  assert.equal(run.store.episodes.count(), 0);
});
