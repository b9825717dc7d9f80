import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Journal } from './journal.ts';

test('a target stands when an update after the one that made it has settled', () => {
  const journal = new Journal();
  journal.settle(journal.ask(['a']));
  assert.deepEqual(journal.standing, []);
  const second = journal.ask(['a', 'b']);
  assert.deepEqual(journal.standing, []);
  journal.settle(second);
  assert.deepEqual(journal.standing, ['a']);
  journal.settle(journal.ask(['a', 'b']));
  assert.deepEqual(journal.standing, ['a', 'b']);
});

test('updates that were overtaken count for nothing: all of them settle at once', () => {
  const journal = new Journal();
  journal.ask(['a']);
  journal.ask(['a']);
  journal.settle(journal.ask(['a']));
  assert.deepEqual(journal.standing, []);
  journal.settle(journal.ask(['a']));
  assert.deepEqual(journal.standing, ['a']);
});

test('a target that goes stands no more, and is another one when it comes back', () => {
  const journal = new Journal();
  journal.settle(journal.ask(['a', 'b']));
  journal.settle(journal.ask(['a', 'b']));
  const before = journal.since('a');
  journal.ask(['b']);
  assert.deepEqual([journal.standing, journal.since('a')], [['b'], undefined]);
  journal.ask(['a', 'b']);
  assert.notEqual(journal.since('a'), before);
  assert.deepEqual(journal.standing, ['b']);
});
