import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Alarms } from './alarms.ts';

/** Alarms on a clock at 1000 ms whose sleeps end when the test says so. */
function byHand() {
  const sleeps: { ms: number; over: () => void; signal: AbortSignal }[] = [];
  const alarms = new Alarms({
    now: () => 1000,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal!.addEventListener('abort', () => reject(signal!.reason), { once: true });
        sleeps.push({ ms, over: resolve, signal: signal! });
      }),
  });
  const woken: string[] = [];
  return { alarms, sleeps, woken, sleeper: (name: string) => ({ wake: () => woken.push(name) }) };
}

test('all that are due at the same time are woken by one timer, and once', async () => {
  const { alarms, sleeps, woken, sleeper } = byHand();
  for (const name of ['a', 'b']) alarms.set(1500, sleeper(name));
  alarms.set(1200, sleeper('c'));
  assert.deepEqual(
    sleeps.map((s) => s.ms),
    [500, 200],
  );
  sleeps[1]!.over();
  await Promise.resolve();
  assert.deepEqual(woken, ['c']);
  sleeps[0]!.over();
  await Promise.resolve();
  assert.deepEqual(woken, ['c', 'a', 'b']);
  alarms.set(1500, sleeper('d'));
  assert.equal(sleeps.length, 3, 'what has rung is over');
});

test('who has cancelled is not woken; a timer for nobody ends', async () => {
  const { alarms, sleeps, woken, sleeper } = byHand();
  const [a, b] = [sleeper('a'), sleeper('b')];
  alarms.set(1500, a);
  alarms.set(1500, b);
  alarms.cancel(1500, a);
  alarms.cancel(1400, b);
  assert.equal(sleeps[0]!.signal.aborted, false);
  sleeps[0]!.over();
  await Promise.resolve();
  assert.deepEqual(woken, ['b']);
  alarms.set(1600, a);
  alarms.cancel(1600, a);
  assert.equal(sleeps[1]!.signal.aborted, true);
});
