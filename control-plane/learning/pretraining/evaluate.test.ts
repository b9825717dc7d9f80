import assert from 'node:assert/strict';
import { test } from 'node:test';
import { advantage, scoresOf } from './evaluate.ts';

test('an advantage is that in the same incidents, with its standard error', () => {
  const { mean, error } = advantage([0.5, 0.7, 0.9, 0.9], [0.4, 0.7, 0.7, 0.8]);
  assert.ok(Math.abs(mean - 0.1) < 1e-12);
  assert.ok(Math.abs(error - Math.sqrt(0.02 / 3 / 4)) < 1e-12);
  assert.equal(advantage([1, 1], [1, 1]).error, 0);
});

test('what was recovered is measured by the best of each incident, harm by doing nothing', () => {
  const [none, one, other] = scoresOf({
    names: ['no action', 'one', 'other'],
    values: [
      [0.2, 0.6],
      [0.8, 0.5],
      [0.5, 0.8],
    ],
    steps: [0, 1, 2],
  });
  assert.deepEqual([none!.recovered, none!.harm], [0, 0]);
  assert.ok(Math.abs(one!.recovered - 0.5 / 0.8) < 1e-12);
  assert.ok(Math.abs(other!.recovered - 0.5 / 0.8) < 1e-12);
  assert.deepEqual([one!.harm, other!.harm, other!.steps], [0.5, 0, 2]);
});
