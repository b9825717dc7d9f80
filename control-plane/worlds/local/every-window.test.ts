import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../mesh/clock.ts';
import { everyWindow } from './every-window.ts';

/** How long each wait for a window was, where the clock is off by `steps` ms (late, or set anew) after each of them. */
async function waits(...steps: number[]): Promise<number[]> {
  const waited: number[] = [];
  const end = new AbortController();
  let now = 1_000_000_000;
  const clock: Clock = {
    now: () => now,
    sleep: async (ms) => {
      waited.push(ms);
      now += ms + steps[waited.length - 1]!;
      if (waited.length === steps.length) end.abort();
      end.signal.throwIfAborted();
    },
  };
  let windows = 0;
  await everyWindow(clock, 1000, end.signal, () => windows++);
  assert.equal(windows, steps.length - 1);
  return waited;
}

const HOUR = 3_600_000;

test('a window that ended late or early is made up for by the next', async () => {
  assert.deepEqual(await waits(0, 30, 0, 0), [1000, 1000, 970, 1000]);
  assert.deepEqual(await waits(0, -1, 0, 0), [1000, 1000, 1001, 1000]);
});

test('after a long pause windows are not caught up with', async () => {
  assert.deepEqual(await waits(0, 5000, 0, 0), [1000, 1000, 500, 1000]);
});

test('a clock that is set, back or forth, stops no windows', async () => {
  assert.deepEqual(await waits(0, -HOUR, 0, 0), [1000, 1000, 1000, 1000]);
  assert.deepEqual(await waits(0, HOUR, 0, 0), [1000, 1000, 500, 1000]);
});
