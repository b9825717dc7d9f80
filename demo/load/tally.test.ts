import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantile, Tally } from './tally.ts';

test('requests count in the second they were due in, whenever their answers came', () => {
  const tally = new Tally(500);
  tally.offered(10_100, false);
  tally.offered(10_900, true);
  tally.offered(10_950, false);
  tally.offered(11_500, false);
  tally.answered(10_100, 10_150, false);
  tally.answered(10_900, 11_399, true);
  assert.deepEqual(tally.take(11_499), []);
  const [second, ...rest] = tally.take(11_500);
  assert.deepEqual(rest, []);
  assert.deepEqual(second, {
    at: 10_000,
    offered: 3,
    good: 2,
    failed: 0,
    late: 1,
    protectedOffered: 1,
    protectedGood: 1,
    p50: 50,
    p99: 499,
  });
});

test('failures are counted by name, and a late answer is not good', () => {
  const tally = new Tally(100);
  for (const due of [0, 1, 2]) tally.offered(due, false);
  tally.answered(0, 101, false);
  tally.answered(1, 11, false, '503');
  tally.answered(2, 3000, false, 'timeout');
  const totals = tally.totals();
  assert.deepEqual(totals.failures, { 503: 1, timeout: 1 });
  assert.equal(totals.good, 0);
  assert.equal(totals.failed, 2);
  assert.equal(totals.late, 1);
});

test('a second without a request is there too', () => {
  const tally = new Tally(0);
  tally.offered(0, false);
  tally.answered(0, 0, false);
  assert.deepEqual(
    tally.take(3000).map((s) => [s.at, s.offered]),
    [
      [0, 1],
      [1000, 0],
      [2000, 0],
    ],
  );
});

test('quantiles are nearest ranks', () => {
  assert.equal(quantile([], 0.5), 0);
  assert.equal(quantile([7], 0.99), 7);
  assert.equal(quantile([1, 2, 3, 4], 0.5), 2);
  assert.equal(quantile([1, 2, 3, 4], 0.99), 4);
});
