import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resource } from './resource.ts';
import { ResourceSet } from './resource-set.ts';

const T = 'type.example/T';
const U = 'type.example/U';
const resource = (typeUrl: string, name: string, more: Partial<Resource> = {}): Resource => ({
  typeUrl,
  name,
  version: '1',
  body: new Uint8Array([1]),
  scope: 'any',
  ...more,
});

test('resources are sorted by type once for each scope', () => {
  const set = new ResourceSet([resource(T, 'a'), resource(U, 'a'), resource(T, 'b', { scope: 'shadow' })]);
  const shadow = set.fitting('shadow');
  assert.deepEqual([...shadow.of(T).resources.keys()], ['a', 'b']);
  assert.deepEqual([...shadow.types.keys()], [T, U]);
  assert.equal(shadow.count, 3);
  assert.deepEqual(shadow.refused, []);
  assert.equal(set.fitting('shadow'), shadow);

  const production = set.fitting('production');
  assert.deepEqual([...production.of(T).resources.keys()], ['a']);
  assert.deepEqual(
    production.outOfScope.map((r) => r.name),
    ['b'],
  );
  assert.deepEqual(production.refused, production.outOfScope);
  // Before the scope is known nothing is taken for granted.
  assert.equal(set.fitting(undefined).count, 3);
});

test('what cannot be served is named, and the first of a name counts', () => {
  const fitting = new ResourceSet([
    resource(T, ''),
    resource(T, 'a', { version: '1' }),
    resource(T, 'a', { version: '2' }),
  ]).fitting('production');
  assert.deepEqual(
    fitting.refused.map((r) => r.reason),
    ['it has no name', 'its name is given twice'],
  );
  assert.equal(fitting.of(T).get('a')?.version, '1');
});

test('a type without resources is an empty set, called as asked', () => {
  const set = new ResourceSet([], { [T]: 'commit 7' }).fitting('production').of(T);
  assert.equal(set.resources.size, 0);
  assert.equal(set.label, 'commit 7');
});

test('what changed between two is found out once per pair, removals included, and a label is no change', () => {
  const [before, after] = [
    new ResourceSet([resource(T, 'a'), resource(T, 'b'), resource(U, 'c')]).fitting('production'),
    new ResourceSet([resource(T, 'a', { version: '2' }), resource(U, 'c')], { [U]: 'v9' }).fitting('production'),
  ];
  const changes = after.changesSince(before);
  assert.deepEqual(
    changes.map(({ typeUrl, names }) => [typeUrl, [...names].sort()]),
    [[T, ['a', 'b']]],
  );
  assert.equal(after.changesSince(before), changes);
  const none = new ResourceSet([]).fitting('production');
  assert.deepEqual(
    none.changesSince(after).map(({ typeUrl, names }) => [typeUrl, [...names]]),
    [
      [T, ['a']],
      [U, ['c']],
    ],
  );
});

test('a caller’s list may change afterwards', () => {
  const list = [resource(T, 'a')];
  const set = new ResourceSet(list);
  list.push(resource(T, 'b'));
  assert.equal(set.fitting('production').count, 1);
});
