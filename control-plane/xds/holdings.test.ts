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
