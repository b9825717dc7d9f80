import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UmbraError } from '../mesh/errors.ts';
import type { Action } from '../mesh/mitigation.ts';
import { rngOf } from '../mesh/rng.ts';
import { createLearner, type TriedStep } from './learner.ts';
import { contextOf, leftFails } from './testing/contexts.ts';
import { cardOf, modelBytes } from './testing/models.ts';

const apply = (kind: 'failover' | 'timeout', strength: number): Action => ({
  do: 'apply',
  mitigation: { kind, target: { edge: 'front>left' }, strength },
});
const context = contextOf(leftFails());
const step = (action: Action, advantage: number): TriedStep => ({ context, action, probability: 0.25, advantage });

/** A model that wants the strongest of one kind, at the service to blame. */
const wanting = (kind: string): Uint8Array =>
  modelBytes(2, (p) => {
    const { features } = cardOf();
    for (const w of Object.values(p)) w.fill(0);
    for (let m = 0; m < 3; m++) {
      for (const sign of [kind, 'strength', 'callee blame'])
        p.w1[(m * features.length + features.indexOf(sign)) * 8] = 1;
      p.b1[m * 8] = -2.5;
      p.w2[m * 64] = 1;
      p.w3[m * 8] = 1;
    }
  });

/** What the shadow would find: failing over heals, a shorter time-out harms. */
const tried = (n: number): TriedStep[] =>
  Array.from({ length: n }, (_, i) => (i % 2 ? step(apply('failover', 1), 0.5) : step(apply('timeout', 2), -0.3)));

test('what the shadow tried changes the policy, and takes over behind the gate', async () => {
  const model = modelBytes();
  const learner = await createLearner({ model, card: cardOf(), rng: rngOf(1) });
  assert.equal(await learner.train(10), 0);
  assert.equal(await learner.refine(), undefined);
  assert.match(learner.status().held!, /too little/);

  assert.equal(await learner.add(tried(60)), 60);
  assert.equal(await learner.train(400), 400);
  const refined = await learner.refine();
  assert.ok(refined, learner.status().held);
  const mean = async (action: Action) => {
    const scored = await refined.score(context);
    return scored.find((s) => JSON.stringify(s.action) === JSON.stringify(action))!.mean;
  };
  assert.ok((await mean(apply('failover', 1))) > 0.25);
  assert.ok((await mean(apply('timeout', 2))) < 0);
  const status = learner.status();
  assert.equal(status.promotions, 1);
  assert.equal(status.experiences, 60);
  assert.equal(status.trainingSteps, 400);
  assert.equal(status.policyVersion, 'test-1+400');
  assert.equal(status.held, undefined);
  assert.ok(status.loss! < 0.05);
  await refined.close();
  await learner.close();
});

test('refined again by a later run, its version counts the steps of both', async () => {
  const learner = await createLearner({
    model: modelBytes(),
    card: cardOf({ version: 'test-1~7+100' }),
    rng: rngOf(1),
  });
  await learner.add(tried(60));
  await learner.train(400);
  const refined = await learner.refine();
  assert.equal(refined?.version, 'test-1~7+500', learner.status().held);
  await refined!.close();
  await learner.close();
});

test('what learned the wrong thing is held back', async () => {
  const learner = await createLearner({ model: modelBytes(), card: cardOf(), rng: rngOf(1) });
  // Every fifth experience judges: there the time-out harms, while all that is learned from says that it heals.
  const steps = Array.from({ length: 100 }, (_, i) => step(apply('timeout', 2), i % 5 === 4 ? -0.6 : 0.6));
  await learner.add(steps);
  await learner.train(400);
  assert.equal(await learner.refine(), undefined);
  assert.match(learner.status().held!, /worse/);
  assert.equal(learner.status().promotions, 0);
  assert.equal(learner.status().policyVersion, 'test-1');
  await learner.close();
});

test('it goes on from a specialised model, unless what was tried speaks against it', async () => {
  const learner = await createLearner({ model: modelBytes(), card: cardOf(), rng: rngOf(1) });
  await learner.add(tried(60));
  await learner.train(20);
  assert.equal(await learner.rebase(wanting('is timeout'), cardOf({ version: 'stubborn' })), undefined);
  assert.match(learner.status().held!, /worse/);
  assert.equal(learner.status().policyVersion, 'test-1');

  const other = await learner.rebase(wanting('is failover'), cardOf({ version: 'test-7' }));
  assert.equal(other?.version, 'test-7');
  assert.equal(await learner.train(400), 400);
  assert.equal(learner.status().trainingSteps, 420);
  const refined = await learner.refine();
  assert.equal(refined?.version, 'test-7+400');
  await refined!.close();
  await learner.close();
});

test('a model that comes while it trains waits its turn', async () => {
  const learner = await createLearner({ model: modelBytes(), card: cardOf(), rng: rngOf(1) });
  await learner.add(tried(60));
  const training = learner.train(200);
  const [steps, other] = await Promise.all([
    training,
    learner.rebase(wanting('is failover'), cardOf({ version: 'test-7' })),
  ]);
  assert.deepEqual([steps, other?.version], [200, 'test-7']);
  assert.equal(learner.status().trainingSteps, 200);
  assert.equal((await learner.refine())?.version, undefined, 'nothing was learned on top of it yet');
  await learner.close();
});

test('odd steps are left out', async () => {
  const learner = await createLearner({ model: modelBytes(), card: cardOf(), rng: rngOf(1) });
  const elsewhere: Action = {
    do: 'apply',
    mitigation: { kind: 'retry', target: { edge: 'no>where' }, strength: 1 },
  };
  assert.equal(
    await learner.add([
      step(apply('failover', 1), Number.NaN),
      step(elsewhere, 0.5),
      { ...step(apply('failover', 1), 0.5), probability: Number.NaN },
    ]),
    0,
  );
  assert.equal(await learner.add([step({ do: 'wait' }, 0)]), 1);
  await learner.close();
});

test('a model that cannot be read is refused', async () => {
  const garbage = new Uint8Array([8, 8, 200, 1]);
  await assert.rejects(
    createLearner({ model: garbage, card: cardOf(), rng: rngOf(1) }),
    (e) => e instanceof UmbraError && e.code === 'UMB0601',
  );
});
