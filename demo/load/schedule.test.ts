import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Schedule } from './schedule.ts';

/** A small generator with a known seed (mulberry32), so that statistics do not depend on luck. */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test('requests are due at the rate, with exponential gaps', () => {
  const due = new Schedule(20, 1000, seeded(1)).take(1000 + 500_000);
  assert.ok(Math.abs(due.length - 10_000) < 300, String(due.length));
  const gaps = due.slice(1).map((time, i) => time - due[i]!);
  const mean = gaps.reduce((a, b) => a + b) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  // An exponential distribution's standard deviation is its mean.
  assert.ok(Math.abs(Math.sqrt(variance) / mean - 1) < 0.05);
});

test('what was due while nobody looked is handed out with the time it was due', () => {
  const one = new Schedule(50, 0, seeded(2));
  const often = new Schedule(50, 0, seeded(2));
  const late = one.take(10_000);
  const onTime = Array.from({ length: 1000 }, (_, i) => often.take((i + 1) * 10)).flat();
  assert.deepEqual(late, onTime);
});

test('the rate changes from now on; at rate 0 nothing is due', () => {
  const schedule = new Schedule(0, 0, seeded(3));
  assert.equal(schedule.next, Number.POSITIVE_INFINITY);
  schedule.setRate(100, 5000);
  const due = schedule.take(15_000);
  assert.ok(due[0]! > 5000);
  assert.ok(Math.abs(due.length - 1000) < 100);
  schedule.setRate(0, 15_000);
  assert.deepEqual(schedule.take(1e9), []);
});
