import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryPoint } from './history.ts';
import { smoothEdges, smoothEntry } from './smooth.ts';

const point = (at: number, offered: number, good: number, p99 = 10): HistoryPoint => ({
  at,
  offered,
  good,
  edges: { 'a>b': [offered, good, p99] },
});

test('answers that come in the next window do not make a healthy world look ill', () => {
  const points = [point(1, 15, 14), point(2, 15, 16), point(3, 16, 15), point(4, 14, 15), point(5, 15, 15)];
  assert.deepEqual(smoothEntry(points), { offered: 15, good: 15, ratio: 1 });
  assert.equal(smoothEdges(points).get('a>b')?.ratio, 1);
});

test('only the last windows count, and what fails shows at once', () => {
  const points = [...Array.from({ length: 20 }, (_, i) => point(i, 10, 10)), point(21, 10, 0), point(22, 10, 0)];
  assert.equal(smoothEntry(points)?.ratio, 0.6);
});

test('latency is weighted by requests', () => {
  const edge = smoothEdges([point(1, 9, 9, 10), point(2, 1, 1, 110), point(3, 0, 0, 0)]).get('a>b')!;
  assert.equal(edge.p99, 20);
});

test('nothing offered has no ratio, nothing seen no figure', () => {
  assert.equal(smoothEntry([]), undefined);
  assert.deepEqual(smoothEntry([point(1, 0, 0)]), { offered: 0, good: 0, ratio: undefined });
  assert.equal(smoothEdges([point(1, 0, 0)]).get('a>b')?.ratio, undefined);
  assert.equal(smoothEdges([]).size, 0);
});
