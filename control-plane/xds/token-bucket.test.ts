import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenBucket } from './token-bucket.ts';

test('a burst passes, then the rate holds', () => {
  const bucket = new TokenBucket(10, 3, 0);
  assert.deepEqual([bucket.take(1, 0), bucket.take(1, 0), bucket.take(1, 0)], [0, 0, 0]);
  assert.equal(bucket.take(1, 0), 100);
  assert.equal(bucket.take(1, 100), 100, 'the debt was paid, and one more is taken');
  assert.equal(bucket.take(1, 10_000), 0);
  assert.deepEqual([bucket.take(2, 10_000), bucket.take(1, 10_000)], [0, 100], 'no more than the burst was saved up');
});

test('over any while, no more passes than the burst and the rate', () => {
  const bucket = new TokenBucket(50, 20, 0);
  let now = 0;
  let taken = 0;
  while (now < 10_000) {
    const cost = (taken % 7) + 1;
    taken += cost;
    now += bucket.take(cost, now);
  }
  assert.ok(taken <= 20 + 50 * 10 + 7 && taken >= 50 * 10, String(taken));
});

test('a clock set back gives nothing and takes nothing', () => {
  const bucket = new TokenBucket(10, 1, 1000);
  assert.equal(bucket.take(1, 0), 0);
  assert.equal(bucket.take(1, 0), 100);
});

test('a debt can be paid, and not more than that', () => {
  const bucket = new TokenBucket(10, 2, 0);
  assert.deepEqual([bucket.debt, bucket.take(5, 0), bucket.debt], [0, 300, 3]);
  bucket.pay(1);
  assert.deepEqual([bucket.debt, bucket.take(0, 0)], [2, 200]);
  bucket.pay(100);
  assert.deepEqual([bucket.debt, bucket.take(1, 0)], [0, 100]);
});

test('what is refused is not taken', () => {
  const bucket = new TokenBucket(10, 2, 0);
  const tries = (now: number) => [1, 2, 3].map(() => bucket.tryTake(now));
  assert.deepEqual(tries(0), [true, true, false]);
  assert.deepEqual(tries(99), [false, false, false]);
  assert.deepEqual(tries(100), [true, false, false]);
  assert.deepEqual(tries(10_000), [true, true, false]);
});
