import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBudget } from '../../control-plane/chaos/budget.ts';
import { createChaosLoop } from '../../control-plane/chaos/chaos-loop.ts';
import { createGuardian } from '../../control-plane/guardian/guardian.ts';
import { createMemoryStore } from '../../control-plane/guardian/testing/memory-store.ts';
import { createShopWorld } from '../../control-plane/guardian/testing/shop-world.ts';
import { staticPolicy } from '../../control-plane/learning/static-policy.ts';
import { describeMitigation } from '../../control-plane/mesh/mitigation.ts';
import { believing, learned } from './policies.ts';

const quiet = {
  info() {},
  warn() {},
  error(fields: object, message: string) {
    throw new Error(`${message}: ${(fields as { err?: Error }).err?.stack ?? JSON.stringify(fields)}`);
  },
};

test('where nothing is confident the shadow reproduces the incident, and what healed there heals production', async () => {
  const production = createShopWorld(1);
  const shadow = createShopWorld(2, 'shadow');
  const store = createMemoryStore();
  const clock = shadow.clock;
  // Too unsure to act on in production, but it says what to try first.
  const policy = believing({ 'failover@web>pay×1': 0.015, 'scale@cart×1': 0.018 });
  const base = { store, logger: quiet, learned, policy: () => policy, staticPolicy };
  const { topology } = shadow;
  // Nothing may be spent on episodes of its own, so that no pattern is known when pay ails.
  const nothing = { capacity: 0, perHour: 0 };
  const budget = createBudget({ ...nothing, store, clock, topology, production: () => guardian.state() });
  const chaos = createChaosLoop({ ...base, world: shadow, clock, budget, seed: 1 });
  const guardian = createGuardian({
    ...base,
    world: production,
    clock: production.clock,
    modeOf: () => 'auto',
    verifyInShadow: (context, candidates) => chaos.verify(context.diagnosis, candidates),
  });
  const end = new AbortController();
  const done = chaos.run(end.signal);
  const live = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      await guardian.window(await production.tick());
      await shadow.tick();
    }
  };
  await live(60);
  production.ailments.set('pay', { errors: 0.9 });
  await live(60);
  const inForce = production
    .leases()
    .flatMap((l) => (l.type === 'mitigation' ? [describeMitigation(l.mitigation)] : []));
  assert.ok(inForce.includes('failover@web>pay×1'), `${inForce}`);
  const decision = store.decisions.list().find((d) => d.world === 'production' && d.action.do === 'apply')!;
  assert.match(decision.why, /reproduction/);
  assert.equal(decision.outcome?.verdict, 'kept');
  assert.ok(store.episodes.list().some((e) => e.recovered && e.fault.kind === 'abort'));
  end.abort(new Error('the test ended'));
  let over = false;
  const settled = done.finally(() => {
    over = true;
  });
  while (!over) await shadow.tick();
  await settled;
  assert.deepEqual(shadow.leases(), []);
});

test('a loop that does not run answers at once', async () => {
  const world = createShopWorld(2, 'shadow');
  const store = createMemoryStore();
  const budget = createBudget({ store, clock: world.clock, topology: world.topology });
  const base = { store, clock: world.clock, logger: quiet, learned, policy: () => staticPolicy, staticPolicy, budget };
  const chaos = createChaosLoop({ ...base, world });
  const diagnosis = { at: 0, symptoms: [], origins: [], impaired: true, goodRatio: 0.5 };
  assert.equal(await chaos.verify(diagnosis, []), undefined);
});
