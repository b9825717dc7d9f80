import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded, windowOf } from '../../test/dashboard/example-shop.ts';
import type { Lease } from '../mesh/lease.ts';
import { createHistory } from './history.ts';

const random = seeded(1);
const window = (at: number) => windowOf('shadow', at, {}, random);
const fault = (id: string, createdAt: number): Lease => ({
  id,
  type: 'fault',
  owner: 'chaos',
  reason: '',
  createdAt,
  expiresAt: createdAt + 1e6,
  fault: { kind: 'latency', target: { service: 'cart' }, magnitude: 1, share: 1, durationMs: 1, seed: 1 },
});

test('the ring keeps its length, and spans as long as they touch it', () => {
  const history = createHistory({ seconds: 5 });
  history.record(window(1000), [fault('a', 900)]);
  history.record(window(2000), [fault('a', 900), fault('b', 1900)]);
  history.record(window(3000), [fault('b', 1900)]);
  const { points, spans } = history.read();
  assert.deepEqual(
    points.map((p) => p.at),
    [1000, 2000, 3000],
  );
  assert.deepEqual(spans, [
    { id: 'a', type: 'fault', owner: 'chaos', label: 'latency@cart', from: 900, to: 3000 },
    { id: 'b', type: 'fault', owner: 'chaos', label: 'latency@cart', from: 1900 },
  ]);
  for (let at = 4000; at <= 9000; at += 1000) history.record(window(at), [fault('b', 1900)]);
  const later = history.read();
  assert.deepEqual(
    later.points.map((p) => p.at),
    [5000, 6000, 7000, 8000, 9000],
  );
  assert.deepEqual(
    later.spans.map((s) => s.id),
    ['b'],
    'a ended before the first window that is left',
  );
});

test('what is removed and put back under its id has a span of each time', () => {
  const history = createHistory();
  history.record(window(1000), [fault('a', 900)]);
  history.record(window(2000), []);
  history.record(window(3000), [fault('a', 2900)]);
  history.record(window(4000), [fault('a', 2900)]);
  const times = () => history.read().spans.map(({ id, from, to }) => [id, from, to]);
  assert.deepEqual(times(), [
    ['a', 900, 2000],
    ['a', 2900, undefined],
  ]);
  history.record(window(5000), [fault('a', 4900)]);
  assert.deepEqual(
    times(),
    [
      ['a', 900, 2000],
      ['a', 2900, 5000],
      ['a', 4900, undefined],
    ],
    'also where no window saw it gone',
  );
});

test('what was read does not change under the reader', () => {
  const history = createHistory();
  history.record(window(1000), []);
  const before = history.read();
  history.record(window(2000), [fault('a', 1900)]);
  assert.equal(before.points.length, 1);
  assert.equal(before.spans.length, 0);
});
