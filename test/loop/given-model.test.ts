import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuardian } from '../../control-plane/guardian/guardian.ts';
import { createMemoryStore } from '../../control-plane/guardian/testing/memory-store.ts';
import { createShopWorld } from '../../control-plane/guardian/testing/shop-world.ts';
import { loadPolicy } from '../../control-plane/learning/session.ts';
import { guarded, staticPolicy } from '../../control-plane/learning/static-policy.ts';
import type { Policy } from '../../control-plane/mesh/policy.ts';
import type { Mode } from '../../control-plane/mesh/record.ts';
import { rngOf } from '../../control-plane/mesh/rng.ts';
import { extreme, type Model, nan } from '../system/extremes/models.ts';
import { learned } from './policies.ts';

// The ONNX models of `npm run check:extremes`, against the shop on a clock of its own: what takes minutes there is judged here
// by every test run.

/** Opens a model as the control plane does. */
async function open(model: Model, onProblem: (error: unknown) => void): Promise<Policy & { close(): Promise<void> }> {
  const policy = await loadPolicy(model.bytes, model.card);
  return { ...guarded(policy, staticPolicy, onProblem), close: policy.close };
}

/** A minute of a trouble and one of calm; the good ratio over both, and what was applied. */
async function run(policy: Policy, service: 'pay' | 'web', mode: Mode, seed: number) {
  const world = createShopWorld(seed);
  const guardian = createGuardian({
    world,
    store: createMemoryStore(),
    clock: world.clock,
    logger: { info() {}, warn() {}, error: (_: object, message: string) => assert.fail(message) },
    policy: () => policy,
    staticPolicy,
    learned,
    modeOf: () => mode,
    rng: rngOf(5),
  });
  const windows = async (count: number) => {
    for (let i = 0; i < count; i++) {
      await guardian.window(await world.tick());
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await windows(30);
  world.count = { good: 0, offered: 0 };
  world.ailments.set(service, { errors: 0.33 });
  await windows(60);
  world.ailments.delete(service);
  await windows(60);
  return { ratio: world.count.good / world.count.offered, applied: world.applied.length };
}

for (const [name, model] of Object.entries({ extreme, nan })) {
  for (const service of ['pay', 'web'] as const) {
    test(`${name}, ${service} fails: users have at most a point less than with no policy`, async () => {
      const problems: string[] = [];
      const policy = await open(model, (error) => problems.push(String(error)));
      try {
        for (const seed of [1, 2]) {
          const without = await run(policy, service, 'observe', seed);
          const having = await run(policy, service, 'auto', seed);
          assert.equal(without.applied, 0);
          assert.ok(having.applied > 0, 'somebody decided');
          assert.ok(having.ratio >= without.ratio - 0.01, `seed ${seed}: ${having.ratio}, without ${without.ratio}`);
        }
        if (name === 'nan') assert.match(problems.join('\n'), /not finite/);
        else assert.deepEqual(problems, []);
      } finally {
        await policy.close();
      }
    });
  }
}
