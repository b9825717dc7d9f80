import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noiseOf, ratios } from './noise.ts';

test('noise is the middle ratio within a round, whichever of the two is the larger', () => {
  assert.equal(noiseOf([1, 2, 4], [1, 2, 5]), 1);
  assert.equal(noiseOf([1, 3, 4], [1, 2, 5]), 1.25);
  assert.equal(noiseOf([2, 2], [2, 2]), 1);
});

test('ratios are taken round by round', () => {
  assert.deepEqual(ratios([2, 6], [1, 2]), [2, 3]);
});
