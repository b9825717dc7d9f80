import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseVersion, cameFrom, isSpecialised, refinedVersion, specialisedVersion } from './policy-version.ts';

test('a version that is refined again counts the steps of both', () => {
  assert.equal(refinedVersion('sim-1', 100), 'sim-1+100');
  assert.equal(refinedVersion('sim-1+100', 50), 'sim-1+150');
  assert.equal(refinedVersion('sim-1+100~7', 50), 'sim-1+100~7+50');
});

test('the base of a refinement is what it was refined from, whatever that was refined from before', () => {
  assert.equal(baseVersion('sim-1+100'), 'sim-1');
  assert.equal(baseVersion('sim-1~7+100'), 'sim-1~7');
  assert.equal(baseVersion('sim-1+100~7'), 'sim-1+100~7');
  assert.equal(baseVersion('sim-1+100~7+50'), 'sim-1+100~7');
});

test('where a version came from', () => {
  const specialised = specialisedVersion('sim-1+100', 7);
  assert.equal(specialised, 'sim-1+100~7');
  assert.deepEqual(['sim-1', 'sim-1+100', specialised].map(isSpecialised), [false, false, true]);
  assert.ok(cameFrom(specialised, 'sim-1'));
  assert.ok(!cameFrom('sim-1', 'sim-1'));
  assert.ok(!cameFrom('sim-10+100', 'sim-1'));
});
