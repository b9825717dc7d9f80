import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tally } from './tally.ts';

test('each is counted by itself, and never below none', () => {
  const tally = new Tally<string>();
  for (const key of ['a', 'b', 'a']) tally.add(key);
  assert.deepEqual([tally.of('a'), tally.of('b'), tally.of('c')], [2, 1, 0]);
  tally.remove('a');
  tally.remove('b');
  tally.remove('b');
  tally.add('b');
  assert.deepEqual([tally.of('a'), tally.of('b')], [1, 1]);
});
