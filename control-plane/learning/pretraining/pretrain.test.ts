import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadPolicy } from '../session.ts';
import { contextOf, leftFails } from '../testing/contexts.ts';
import { pretrain } from './pretrain.ts';

test('a small training run is the same for the same seed, and makes a usable policy with its card', async () => {
  const run = (seed: number) => pretrain({ seed, situations: 14, rounds: 1, incidents: 2, progress: () => {} });
  const [a, b] = [await run(3), await run(3)];
  assert.deepEqual(a.model, b.model);
  assert.deepEqual(a.card, b.card);
  const names = a.card.scores.map((s) => s.name);
  for (const name of [
    'no action',
    'random order',
    'static rules',
    'best fixed configuration',
    'one-step model',
    'policy',
  ])
    assert.ok(names.includes(name), `${name} is not among ${names}`);
  const policy = await loadPolicy(a.model, a.card);
  assert.ok((await policy.score(contextOf(leftFails()))).length > 20);
  await policy.close();
});
