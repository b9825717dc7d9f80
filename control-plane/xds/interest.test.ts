import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Interest } from './interest.ts';

const state = (i: Interest) => (i.wildcard ? ['*'] : []).concat([...i.names]).join(' ');

test('state of the world: a list is the whole interest', async (t) => {
  // The sequence of the xDS protocol's own example, and its neighbours: [request, interest after it].
  const table: Record<string, [string[], string][]> = {
    'an empty list is everything until a name was given, nothing after': [
      [[], '*'],
      [['*', 'A'], '* A'],
      [['A'], 'A'],
      [[], ''],
      [[], ''],
    ],
    'names from the start': [
      [['A', 'B'], 'A B'],
      [['B', 'C'], 'B C'],
      [[], ''],
      [['*'], '*'],
      [[], ''],
    ],
    'the legacy wildcard ends with the first name': [
      [[], '*'],
      [['A'], 'A'],
    ],
  };
  for (const [name, steps] of Object.entries(table))
    await t.test(name, () => {
      const interest = new Interest();
      for (const [list, after] of steps) {
        interest.replace(list);
        assert.equal(state(interest), after);
      }
    });
});

test('state of the world: what a request asks for anew and what it drops', () => {
  const i = new Interest();
  assert.deepEqual(i.replace(['A', 'B']), { asked: ['A', 'B'], dropped: [], gainedWildcard: false });
  assert.deepEqual(i.replace(['B', 'C']), { asked: ['C'], dropped: ['A'], gainedWildcard: false });
  assert.deepEqual(i.replace(['*', 'C']), { asked: [], dropped: ['B'], gainedWildcard: true });
  assert.deepEqual(i.replace(['*', 'C']), { asked: [], dropped: [], gainedWildcard: false });
});

test('delta: requests add and take away', async (t) => {
  const table: Record<string, [string[], string[], string][]> = {
    'legacy wildcard, the protocol example': [
      [[], [], '*'],
      [['A'], [], '* A'],
      [[], ['*'], 'A'],
      [[], ['A'], ''],
      [[], [], ''],
    ],
    'names first: an empty request changes nothing': [
      [['A'], [], 'A'],
      [[], [], 'A'],
      [['*'], ['A'], '*'],
    ],
    'unknown names are ignored when taken away': [
      [['A'], ['B'], 'A'],
      [[], ['C', 'A'], ''],
    ],
    'the legacy wildcard can be given up by name': [
      [[], [], '*'],
      [[], ['*'], ''],
      [[], [], ''],
    ],
  };
  for (const [name, steps] of Object.entries(table))
    await t.test(name, () => {
      const interest = new Interest();
      for (const [add, remove, after] of steps) {
        interest.update(add, remove);
        assert.equal(state(interest), after);
      }
    });
});

test('delta: every name subscribed counts as asked for, also the second time', () => {
  const i = new Interest();
  assert.deepEqual(i.update(['A'], []).asked, ['A']);
  assert.deepEqual(i.update(['A'], []).asked, ['A']);
  assert.deepEqual(i.update(['A', 'B'], ['A']), { asked: ['B'], dropped: ['A'], gainedWildcard: false });
});

test('delta: spelling out the legacy wildcard gains nothing, taking it up later does', () => {
  const legacy = new Interest();
  assert.equal(legacy.update([], []).gainedWildcard, true);
  assert.equal(legacy.update(['*'], []).gainedWildcard, false);
  const later = new Interest();
  assert.equal(later.update(['A'], []).gainedWildcard, false);
  assert.equal(later.update(['*'], []).gainedWildcard, true);
});
