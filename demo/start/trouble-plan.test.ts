import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunningTrouble } from '../troubles/run.ts';
import { followPlan } from './trouble-plan.ts';

/** Starts troubles that only note what happens to them; `seen(what)` resolves when it has. */
function notes() {
  const log: string[] = [];
  const waiting = new Map<string, () => void>();
  const note = (what: string) => {
    log.push(what);
    waiting.get(what)?.();
  };
  const start = async (name: string): Promise<RunningTrouble> => {
    if (name === 'broken') throw new Error('nothing there');
    note(`${name} on`);
    return { name, from: Date.now(), stop: async () => note(`${name} off`) };
  };
  const seen = (what: string) =>
    new Promise<void>((resolve) => {
      if (log.includes(what)) resolve();
      else waiting.set(what, resolve);
    });
  return { log, start, seen };
}

test('each begins and ends at its time; the last one with the run', async () => {
  const { log, start, seen } = notes();
  const said: string[] = [];
  const planned = [
    { name: 'a', atMs: 0, forMs: 10 },
    { name: 'broken', atMs: 1 },
    { name: 'b', atMs: 2 },
    { name: 'c', atMs: 1e6 },
  ];
  const plan = followPlan(planned, start, (line) => said.push(line));
  await seen('a off');
  await seen('b on');
  const times = await plan.stop();
  assert.deepEqual(
    log,
    log.indexOf('b on') < log.indexOf('a off')
      ? ['a on', 'b on', 'a off', 'b off']
      : ['a on', 'a off', 'b on', 'b off'],
  );
  assert.deepEqual(
    times.map(({ name, from, to }) => [name, to >= from]),
    [
      ['a', true],
      ['b', true],
    ],
  );
  assert.ok(said.includes('trouble broken could not be started: nothing there'));
});

test('one that was just starting when the run ends is undone', async () => {
  const { log, start, seen } = notes();
  const release = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const plan = followPlan(
    [{ name: 'a', atMs: 0 }],
    async (name) => {
      asked.resolve();
      await release.promise;
      return start(name);
    },
    () => {},
  );
  await asked.promise;
  const stopped = plan.stop();
  release.resolve();
  assert.deepEqual(
    (await stopped).map(({ name }) => name),
    ['a'],
  );
  await seen('a off');
  assert.deepEqual(log, ['a on', 'a off']);
});
