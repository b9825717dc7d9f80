import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBudget } from '../../control-plane/chaos/budget.ts';
import { createChaosLoop } from '../../control-plane/chaos/chaos-loop.ts';
import { createGuardian } from '../../control-plane/guardian/guardian.ts';
import { createMemoryStore } from '../../control-plane/guardian/testing/memory-store.ts';
import { staticPolicy } from '../../control-plane/learning/static-policy.ts';
import { type Fault, type FaultClass, faultKinds } from '../../control-plane/mesh/fault.ts';
import type { Policy } from '../../control-plane/mesh/policy.ts';
import type { Store } from '../../control-plane/mesh/store.ts';
import { SimulatedWorld } from '../../control-plane/worlds/simulated/world.ts';
import { learned } from './policies.ts';
import { simulatedShop } from './simulated-shop.ts';

const quiet = {
  info() {},
  warn() {},
  error(fields: object, message: string) {
    throw new Error(`${message}: ${(fields as { err?: Error }).err?.stack ?? JSON.stringify(fields)}`);
  },
};

/** Scoring takes real time in which simulated time must not run away. */
const held = (world: SimulatedWorld, policy: Policy): Policy => ({
  version: policy.version,
  score: (context) => world.clock.during(policy.score(context)),
});

/** Ten minutes of chaos in a simulated shop. */
async function learnPatterns(store: Store, seed: number) {
  const world = new SimulatedWorld(simulatedShop(), seed);
  const { clock } = world;
  const policy = held(world, staticPolicy);
  const budget = createBudget({ store, clock, topology: world.topology });
  const loop = createChaosLoop({
    world,
    store,
    clock,
    logger: quiet,
    learned,
    policy: () => policy,
    staticPolicy: policy,
    budget,
    seed,
  });
  const end = new AbortController();
  const done = loop.run(end.signal);
  await clock.sleep(600_000);
  const status = loop.status();
  end.abort(new Error('ten minutes are over'));
  await done;
  assert.deepEqual(world.leases(), []);
  world.close();
  return status;
}

interface Healed {
  readonly detectedMs: number;
  readonly recoveredMs: number;
  readonly source: string;
}

/** Production suffers the fault for a minute; what the guardian made of it. */
async function suffer(store: Store, fault: Fault, seed: number): Promise<Healed | undefined> {
  const world = new SimulatedWorld(simulatedShop(), seed);
  const { clock } = world;
  const policy = held(world, staticPolicy);
  const guardian = createGuardian({
    world,
    store,
    clock,
    logger: quiet,
    policy: () => policy,
    staticPolicy: policy,
    learned,
    modeOf: () => 'auto',
  });
  const end = new AbortController();
  const done = guardian.run(end.signal);
  await clock.sleep(40_000);
  assert.equal(store.incidents.count(), 0, 'no false alarm');
  const at = clock.now();
  const lease = { owner: 'chaos', reason: 'trouble', createdAt: at, expiresAt: at + 1e7 } as const;
  await world.inject({ ...lease, type: 'fault', id: 'trouble', fault });
  await clock.sleep(60_000);
  end.abort();
  await done;
  world.close();
  const incident = store.incidents.list().at(-1);
  for (const i of store.incidents.list()) store.incidents.delete(i.id);
  if (!incident) return undefined;
  return {
    detectedMs: incident.detectedAt - at,
    recoveredMs: (incident.recoveredAt ?? Number.POSITIVE_INFINITY) - at,
    source: incident.source,
  };
}

test('what ten minutes in the shadow taught heals production in seconds, by a pattern where the trouble is known', async () => {
  const store = createMemoryStore();
  const status = await learnPatterns(store, 3);
  const classes = new Set<FaultClass>(Object.values(faultKinds).map((k) => k.class));
  assert.deepEqual(new Set(Object.keys(status.byClass)), classes);
  assert.ok(status.episodes >= 12 && status.unfaultedShare >= 0.2, JSON.stringify(status));
  const trusted = store.patterns.list().filter((p) => p.status === 'trusted');
  assert.ok(trusted.length >= 4, JSON.stringify(store.patterns.list(), null, 1));
  assert.ok(new Set(trusted.map((p) => p.plan[0]!.kind)).size >= 2, 'not one plan for everything');

  const healed = store.episodes
    .list()
    .filter((e) => !e.control && e.recovered && trusted.some((p) => p.signature === e.signature));
  const faults = new Map(healed.map((e) => [`${e.fault.kind}@${JSON.stringify(e.fault.target)}`, e.fault]));
  const results: Healed[] = [];
  let seed = 100;
  for (const fault of [...faults.values()].slice(0, 8)) {
    const result = await suffer(store, { ...fault, durationMs: 1e7 }, ++seed);
    if (result) results.push(result);
  }
  assert.ok(results.length >= 4);
  const median = (xs: number[]) => xs.sort((a, b) => a - b)[Math.floor(xs.length / 2)]!;
  const text = JSON.stringify(results);
  assert.ok(median(results.map((r) => r.detectedMs)) <= 5000, text);
  assert.ok(median(results.map((r) => r.recoveredMs)) <= 20_000, text);
  assert.ok(results.some((r) => r.source === 'pattern') && results.every((r) => r.source !== 'none'), text);
});
