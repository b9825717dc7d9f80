import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CDS, resource } from '../../test/xds/sample.ts';
import { Holdings, UNKNOWN } from './holdings.ts';
import { TypeSet } from './type-set.ts';

test('a base with exceptions; saying what the base says already is none', () => {
  const h = new Holdings();
  assert.equal(h.version('a'), null);
  h.set('a', 'x');
  assert.deepEqual([h.version('a'), h.exact], ['x', false]);
  const a = resource(CDS, 'a');
  h.reach(new TypeSet(CDS, [a]));
  assert.deepEqual([h.version('a'), h.exact], [a.version, true]);
  h.set('a', null);
  h.set('b', UNKNOWN);
  assert.deepEqual([h.version('a'), h.version('b'), [...h.exceptions]], [null, '', ['a', 'b']]);
  h.set('a', a.version);
  h.set('b', null);
  assert.equal(h.exact, true);
});

test('what was told name by name is the same when told as the difference to a set', () => {
  const set = new TypeSet(
    CDS,
    ['a', 'b', 'c', 'd'].map((name) => resource(CDS, name)),
  );
  const told = new Map([
    ['a', set.get('a')!.version],
    ['b', 'an older one'],
    ['c', set.get('c')!.version],
    ['gone', 'x'],
  ]);
  const h = new Holdings();
  for (const [name, version] of told) h.set(name, version);
  h.relateTo(set);
  assert.equal(h.base, set);
  for (const name of ['a', 'b', 'c', 'd', 'gone', 'never']) assert.equal(h.version(name), told.get(name) ?? null, name);
  assert.deepEqual([...h.exceptions].sort(), ['b', 'd', 'gone']);
});

test('a set of which little was told is no base', () => {
  const set = new TypeSet(
    CDS,
    ['a', 'b', 'c'].map((name) => resource(CDS, name)),
  );
  const h = new Holdings();
  h.set('a', set.get('a')!.version);
  h.relateTo(set);
  assert.equal(h.base, undefined);
  assert.deepEqual([...h.exceptions], ['a']);
});
