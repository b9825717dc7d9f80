import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../mesh/clock.ts';
import { depart } from './departures.ts';

/** A clock that moves by being slept on. */
function sleptOn(onSleep: (now: number) => void = () => {}): Clock {
  let now = 5000;
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
      onSleep(now);
      signal?.throwIfAborted();
    },
  };
}

test('departures are spread evenly', async () => {
  const clock = sleptOn();
  const at: number[] = [];
  await depart([1, 2, 3, 4], 1000, () => at.push(clock.now() - 5000), clock, new AbortController().signal);
  assert.deepEqual(at, [0, 250, 500, 750]);
});

test('thousands leave in no more sleeps than there are milliseconds', async () => {
  let sleeps = 0;
  const clock = sleptOn(() => sleeps++);
  let left = 0;
  await depart(Array(10_000), 100, () => left++, clock, new AbortController().signal);
  assert.equal(left, 10_000);
  assert.ok(sleeps <= 100 && sleeps >= 50, String(sleeps));
});

test('without a spread, and when there is no more time, all leave at once', async () => {
  const clock = sleptOn();
  const left: string[] = [];
  await depart('abc', 0, (one) => left.push(one), clock, new AbortController().signal);
  assert.deepEqual([left, clock.now()], [['a', 'b', 'c'], 5000]);
  const hurry = new AbortController();
  const interrupted = sleptOn(() => hurry.abort());
  await depart('defg', 1000, (one) => left.push(one), interrupted, hurry.signal);
  assert.deepEqual([left.slice(3), interrupted.now()], [['d', 'e', 'f', 'g'], 5250]);
});
