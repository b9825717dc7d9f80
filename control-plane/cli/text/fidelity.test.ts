import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routeRows, scoreText } from './fidelity.ts';
import { paint } from './words.ts';

test('a route in words: its score and limits, its floor, and why there is none', () => {
  const rows = routeRows(
    [
      { route: 'cart', compared: 200, pairs: 40, noiseFloor: 0.1, score: 0.75, interval: [0.66, 0.84] },
      { route: 'pay', compared: 12, pairs: 0, score: null, interval: null, noiseFloor: null, note: 'too few: 12' },
    ],
    paint(false),
  );
  assert.deepEqual(rows, [
    ['  cart', '75.0% (66.0%–84.0%), noise floor 10.0% of 40, 200 compared'],
    ['  pay', '12 compared, too few: 12'],
  ]);
});

test('a score without limits, and none', () => {
  assert.equal(scoreText(0.5, undefined), '50.0%');
  assert.equal(scoreText(undefined, null), '–');
});
