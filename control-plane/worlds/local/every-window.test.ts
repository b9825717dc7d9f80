import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../mesh/clock.ts';
import { everyWindow } from './every-window.ts';

interface Given {
  /** By how much the clock is off (late, or set anew) after each wait, ms, by its number. */
  readonly off?: readonly number[];
  /** How long ago a push was at the end of each window, ms, by its number and the time. */
  readonly age?: (window: number, now: number) => number | undefined;
}

/** How long the wait for each of `count` windows was, and how old the push at its end. */
async function run(count: number, { off = [], age = () => undefined }: Given) {
  const waited: number[] = [];
  const ages: (number | undefined)[] = [];
  const end = new AbortController();
  let now = 1_000_000_000;
  const clock: Clock = {
    now: () => now,
    sleep: async (ms) => {
      end.signal.throwIfAborted();
      now += ms + (off[waited.length] ?? 0);
      waited.push(ms);
    },
  };
  await everyWindow(clock, 1000, end.signal, () => {
    ages.push(age(ages.length, now));
    if (ages.length === count) end.abort();
    return ages.at(-1);
  });
  return { waited, ages };
}

const waits = async (...off: number[]) => (await run(off.length, { off })).waited;
/** A push comes every `everyMs`, the first after `firstMs`. */
const ages = async (count: number, firstMs: number, everyMs: number) =>
  (await run(count, { age: (_, now) => (now - firstMs) % everyMs })).ages;

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

for (const firstMs of [0, 100, 340, 500, 870, 999])
  test(`windows come into step with pushes that began at ${firstMs} ms`, async () => {
    for (const age of (await ages(40, firstMs, 1000)).slice(20)) assert.equal(age, 150);
  });

test('windows stay in step with pushes that come a little less often', async () => {
  for (const age of (await ages(600, 500, 1004)).slice(30)) assert.ok(age! > 140 && age! < 160, `${age}`);
});

test('a push from before the last window, or none, moves windows by no more than a step', async () => {
  const given = [undefined, 90_400, 1150, undefined];
  const { waited } = await run(given.length, { age: (window) => given[window] });
  assert.deepEqual(waited, [1000, 1000, 975, 1000]);
});
