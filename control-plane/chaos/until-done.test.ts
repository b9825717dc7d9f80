import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilDone } from './until-done.ts';

/** Windows of a second each on a clock of their own. */
function bench() {
  const time = { now: 0 };
  const abort = new AbortController();
  const attempts: number[] = [];
  const failures: string[] = [];
  return {
    time,
    abort,
    attempts,
    failures,
    untilDone: (work: () => Promise<unknown>) =>
      untilDone(
        () => {
          attempts.push(time.now);
          return work();
        },
        abort.signal,
        {
          pulse: {
            during: (work) => work,
            next: async () => {
              time.now += 1000;
              return {} as never;
            },
          },
          clock: { now: () => time.now, sleep: async () => {} },
          onFailure: (error) => failures.push(error.message),
        },
      ),
  };
}

test('work that fails is attempted again after pauses that grow up to a minute, until it succeeds', async () => {
  const b = bench();
  await b.untilDone(async () => {
    if (b.attempts.length < 11) throw new Error(`no ${b.attempts.length}`);
  });
  const pauses = b.attempts.slice(1).map((at, i) => (at - b.attempts[i]!) / 1000);
  assert.deepEqual(pauses, [1, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
  assert.deepEqual([b.failures.length, b.failures.at(-1)], [10, 'no 10']);
});

test('it ends with the signal: before the first attempt, in a failing one and in a pause', async () => {
  const before = bench();
  before.abort.abort();
  await before.untilDone(async () => {});
  assert.deepEqual(before.attempts, []);

  const during = bench();
  await during.untilDone(async () => {
    during.abort.abort();
    throw new Error('the end');
  });
  assert.deepEqual([during.attempts, during.failures], [[0], []]);

  const between = bench();
  await between.untilDone(async () => {
    if (between.attempts.length === 4) queueMicrotask(() => between.abort.abort());
    throw new Error('no');
  });
  assert.equal(between.attempts.length, 4);
});
