import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs, failuresAfter } from './backoff.ts';

test('waits double from half a second to ten, or to what is asked for', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 60].map((n) => backoffMs(n)),
    [500, 1000, 2000, 4000, 8000, 10_000, 10_000],
  );
  assert.deepEqual(
    [1, 5, 9].map((n) => backoffMs(n, 60_000)),
    [500, 8000, 60_000],
  );
});

test('what ran long enough starts again without memory', () => {
  assert.equal(failuresAfter(4, 100), 5);
  assert.equal(failuresAfter(4, 30_000), 1);
});
