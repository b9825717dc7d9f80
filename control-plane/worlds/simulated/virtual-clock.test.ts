import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { VirtualClock } from './virtual-clock.ts';

test('sleepers wake in the order they are due, each at its own time', async () => {
  const clock = new VirtualClock(1000);
  const seen: string[] = [];
  const sleep = (name: string, ms: number) =>
    clock.sleep(ms).then(() => {
      seen.push(`${name} ${clock.now()}`);
    });
  await Promise.all([sleep('b', 500), sleep('a', 20), sleep('c', 3_600_000)]);
  assert.deepEqual(seen, ['a 1020', 'b 1500', 'c 3601000']);
});

test('time stands still while real work is under way', async () => {
  const clock = new VirtualClock(0);
  let woke = false;
  let finish = () => {};
  const work = clock.during(
    new Promise<void>((resolve) => {
      finish = resolve;
    }),
  );
  const asleep = clock.sleep(10).then(() => {
    woke = true;
  });
  for (let i = 0; i < 5; i++) await turn();
  assert.equal(woke, false);
  assert.equal(clock.now(), 0);
  finish();
  await work;
  await asleep;
  assert.equal(clock.now(), 10);
});

test('an aborted sleep rejects with the reason and holds nothing up', async () => {
  const clock = new VirtualClock(0);
  const stop = new AbortController();
  const asleep = clock.sleep(1e9, stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(asleep, /enough/);
  await assert.rejects(clock.sleep(1, stop.signal), /enough/);
  await clock.sleep(5);
  assert.equal(clock.now(), 5);
});
