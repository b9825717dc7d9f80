import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lease } from '../../../control-plane/mesh/lease.ts';
import { followPoints, followSpans, WINDOW_MS } from './spans.ts';

const lease = (id: string, createdAt: number): Lease => ({
  id,
  type: 'mitigation',
  owner: 'policy',
  reason: '',
  createdAt,
  expiresAt: createdAt + 60_000,
  mitigation: { kind: 'scale', target: { service: 'cart' }, strength: 1 },
  setting: { service: 'cart', addReplicas: 1 },
});

test('a lease opens a span, its absence closes it, age forgets it', () => {
  const opened = followSpans([], [lease('a', 500)], 1000);
  assert.deepEqual(opened, [{ id: 'a', type: 'mitigation', owner: 'policy', label: 'scale@cart×1', from: 500 }]);
  const both = followSpans(opened, [lease('a', 500), lease('b', 1900)], 2000);
  assert.deepEqual(
    both.map((s) => [s.id, s.to]),
    [
      ['a', undefined],
      ['b', undefined],
    ],
  );
  const closed = followSpans(both, [lease('b', 1900)], 3000);
  assert.deepEqual(
    closed.map((s) => [s.id, s.to]),
    [
      ['a', 3000],
      ['b', undefined],
    ],
  );
  assert.deepEqual(followSpans(closed, [], 4000)[0]!.to, 3000, 'what is closed stays closed');
  assert.deepEqual(
    followSpans(closed, [lease('b', 1900)], 3001 + WINDOW_MS).map((s) => s.id),
    ['b'],
  );
});

test('a lease that is removed and put back under its id has a span of each time', () => {
  const closed = followSpans(followSpans([], [lease('a', 500)], 1000), [], 2000);
  const again = followSpans(followSpans(closed, [lease('a', 2900)], 3000), [lease('a', 2900)], 4000);
  assert.deepEqual(
    again.map((s) => [s.id, s.from, s.to]),
    [
      ['a', 500, 2000],
      ['a', 2900, undefined],
    ],
  );
});

test('points grow by what is newer and stay within the window', () => {
  const point = (at: number) => ({ at, offered: 1, good: 1, edges: {} });
  const one = followPoints([], point(1000));
  assert.equal(followPoints(one, point(1000)), one, 'the same window again is nothing new');
  assert.equal(followPoints(one, undefined), one);
  const later = followPoints([point(1000), point(2000)], point(1500 + WINDOW_MS));
  assert.deepEqual(
    later.map((p) => p.at),
    [2000, 1500 + WINDOW_MS],
  );
  assert.deepEqual(
    followPoints([point(1000)], point(5000 + WINDOW_MS)).map((p) => p.at),
    [5000 + WINDOW_MS],
  );
});
