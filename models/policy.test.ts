import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PolicyCard } from '../control-plane/learning/card.ts';
import { featureNames } from '../control-plane/learning/features/features.ts';
import { drawIncidents, evaluate, tableOf } from '../control-plane/learning/pretraining/evaluate.ts';
import { byPolicy } from '../control-plane/learning/pretraining/play.ts';
import { loadPolicy, type ModelPolicy } from '../control-plane/learning/session.ts';
import { randomOrderPolicy, staticPolicy } from '../control-plane/learning/static-policy.ts';
import { contextOf, leftFails, snapshotOf } from '../control-plane/learning/testing/contexts.ts';
import { describeAction } from '../control-plane/mesh/mitigation.ts';
import { rngOf } from '../control-plane/mesh/rng.ts';

const file = (name: string) => join(import.meta.dirname, name);
const shipped = async (): Promise<ModelPolicy> =>
  loadPolicy(
    new Uint8Array(await readFile(file('policy.onnx'))),
    JSON.parse(await readFile(file('policy.json'), 'utf8')) as PolicyCard,
  );

test('the shipped policy and its card fit this version and are small', async () => {
  const policy = await shipped();
  assert.deepEqual(policy.card.features, featureNames);
  assert.ok((await stat(file('policy.onnx'))).size < 1_000_000);
  assert.ok(policy.card.scores.some((s) => s.name === 'policy'));
  await policy.close();
});

test('it beats no action, random order and rules on incidents it has never seen', async () => {
  const policy = await shipped();
  const incidents = drawIncidents(rngOf(424_242), 30);
  const scores = await evaluate(incidents, [
    { name: 'random', player: byPolicy(randomOrderPolicy(rngOf(1).uniform), 0) },
    { name: 'rules', player: byPolicy(staticPolicy, 0) },
    { name: 'policy', player: byPolicy(policy, policy.card.threshold) },
  ]);
  const of = (name: string) => scores.find((s) => s.name === name)!;
  const best = of('policy');
  const table = tableOf(scores);
  assert.ok(best.good > of('no action').good + 0.1, table);
  assert.ok(best.good > of('random').good + 0.1, table);
  assert.ok(best.good > of('rules').good, table);
  assert.ok(best.harm <= 0.1, table);
  await policy.close();
});

test('where a service with a stand-by fails it acts there, and where all is well it waits', async () => {
  const policy = await shipped();
  const bad = (await policy.score(contextOf(leftFails()))).filter((s) => s.masked === undefined);
  assert.ok(bad[0]!.lower > policy.card.threshold, `${describeAction(bad[0]!.action)} ${bad[0]!.lower}`);
  const hopeful = bad.reduce((a, b) => (b.mean > a.mean ? b : a));
  assert.match(describeAction(hopeful.action), /front>left/);
  const calm = (await policy.score(contextOf(snapshotOf()))).find((s) => s.masked === undefined)!;
  assert.ok(calm.lower <= policy.card.threshold, `${describeAction(calm.action)} ${calm.lower}`);
  await policy.close();
});
