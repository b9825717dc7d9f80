import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { wallClock } from './clock.ts';

const DAY = 86_400_000;
/** What one timer holds. */
const MOST_MS = 2 ** 31 - 1;

test('a sleep longer than a timer of Node’s holds is slept to its end', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let over = false;
  wallClock.sleep(60 * DAY).then(() => {
    over = true;
  });
  for (const [ms, expected] of [
    [MOST_MS, false],
    [MOST_MS, false],
    [60 * DAY - 2 * MOST_MS - 1, false],
    [1, true],
  ] as const) {
    t.mock.timers.tick(ms);
    await turn();
    assert.equal(over, expected);
  }
});

test('it is not over at once by the real timer, and ends when it is aborted, in its first part or a later one', async (t) => {
  const real = new AbortController();
  const long = wallClock.sleep(60 * DAY, real.signal);
  const short = wallClock.sleep(20).then(() => 'short');
  assert.equal(await Promise.race([long.then(() => 'long'), short]), 'short');
  real.abort(new Error('enough'));
  await assert.rejects(long, /enough/);

  t.mock.timers.enable({ apis: ['setTimeout'] });
  const end = new AbortController();
  const sleep = wallClock.sleep(60 * DAY, end.signal);
  t.mock.timers.tick(30 * DAY);
  end.abort(new Error('later'));
  await assert.rejects(sleep, /later/);
});
