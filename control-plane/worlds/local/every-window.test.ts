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
  await everyWindow(clock, 1000, end.signal, () => {
    windows++;
    return undefined;
  });
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

/** How old the push was at the end of each of `count` windows. A push comes every `everyMs`, the first after `firstMs`. */
async function ages(count: number, firstMs: number, everyMs: number): Promise<number[]> {
  const seen: number[] = [];
  const end = new AbortController();
  let now = 0;
  const clock: Clock = {
    now: () => now,
    sleep: async (ms) => {
      end.signal.throwIfAborted();
      now += ms;
    },
  };
  await everyWindow(clock, 1000, end.signal, () => {
    if (seen.length === count - 1) end.abort();
    seen.push((now - firstMs) % everyMs);
    return seen.at(-1);
  });
  return seen;
}

for (const firstMs of [0, 100, 340, 500, 870, 999])
  test(`windows come into step with pushes that began at ${firstMs} ms`, async () => {
    for (const age of (await ages(40, firstMs, 1000)).slice(20)) assert.equal(age, 150);
  });

test('windows stay in step with pushes that come a little less often', async () => {
  for (const age of (await ages(600, 500, 1004)).slice(30)) assert.ok(age > 140 && age < 160, `${age}`);
});

test('a push from before the last window, or none, moves windows by no more than a step', async () => {
  const waited: number[] = [];
  const end = new AbortController();
  let now = 0;
  const clock: Clock = {
    now: () => now,
    sleep: async (ms) => {
      end.signal.throwIfAborted();
      waited.push(ms);
      now += ms;
    },
  };
  const given = [undefined, 90_400, 1150, undefined];
  await everyWindow(clock, 1000, end.signal, () => {
    if (waited.length === given.length) end.abort();
    return given[waited.length - 1];
  });
  assert.deepEqual(waited, [1000, 1000, 975, 1000]);
});
