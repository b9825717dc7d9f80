import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QueueFull, WorkerPool } from './pool.ts';

/** A task that ends when told to, and notes that it began. */
function held(began: string[], name: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const task = async () => {
    began.push(name);
    await promise;
  };
  return { end: resolve, task };
}

test('works on as many as there are workers, keeps the rest waiting in order, refuses what does not fit', async () => {
  const pool = new WorkerPool(2, 2);
  const began: string[] = [];
  const tasks = ['a', 'b', 'c', 'd'].map((name) => held(began, name));
  const runs = tasks.map(({ task }) => pool.run(task));
  assert.deepEqual(began, ['a', 'b']);
  assert.equal(pool.busy, 2);
  assert.equal(pool.waiting, 2);
  await assert.rejects(
    pool.run(async () => {}),
    QueueFull,
  );
  tasks[1]!.end();
  await runs[1];
  assert.deepEqual(began, ['a', 'b', 'c']);
  for (const { end } of tasks) end();
  await Promise.all(runs);
  assert.deepEqual(began, ['a', 'b', 'c', 'd']);
  assert.equal(pool.busy, 0);
  assert.equal(pool.waiting, 0);
});

test('a task that fails gives its worker to the next', async () => {
  const pool = new WorkerPool(1, 1);
  const failing = pool.run(() => Promise.reject(new Error('no')));
  const next = pool.run(async () => 'done');
  await assert.rejects(failing, /no/);
  assert.equal(await next, 'done');
  assert.equal(pool.busy, 0);
});
