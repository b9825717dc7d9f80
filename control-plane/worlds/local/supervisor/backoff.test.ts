import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs, failuresAfter } from './backoff.ts';

test('waits double from half a second to ten', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 60].map(backoffMs), [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test('a process that ran long enough starts again without memory', () => {
  assert.equal(failuresAfter(4, 100), 5);
  assert.equal(failuresAfter(4, 30_000), 1);
});
