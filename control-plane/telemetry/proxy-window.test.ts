import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyWindows } from './proxy-window.ts';
import type { Report } from './report.ts';

const report = (at: number, n: number, rest: Partial<Report> = {}): Report => ({
  at,
  counters: new Map([['n', n]]),
  gauges: new Map([['g', n]]),
  latencies: new Map(),
  increases: new Map(),
  uptimeMs: undefined,
  ...rest,
});
const rate = (w: ProxyWindows) => w.take().rates.get('n') ?? 0;

test('increases are divided by the time between pushes, not by the time between ticks', () => {
  const w = new ProxyWindows(0);
  w.add(report(1000, 10), 1000);
  assert.equal(rate(w), 0);
  w.add(report(2100, 32), 2100);
  assert.equal(rate(w), 20);
});

test('two pushes in one window, then none: the rate stays', () => {
  const w = new ProxyWindows(0);
  w.add(report(0, 0), 0);
  w.add(report(1000, 10), 1000);
  w.add(report(2000, 40), 2000);
  assert.equal(rate(w), 20);
  assert.equal(rate(w), 20);
  assert.equal(w.totals().get('n'), 40);
});

test('a push dated before the last one spans the time between their arrivals, else the usual second', () => {
  const w = new ProxyWindows(0);
  w.add(report(9_000_000, 10), 1000);
  w.add(report(5_400_000, 40), 3000);
  assert.equal(rate(w), 15);
  w.add(report(1_800_000, 60), 2000);
  assert.equal(rate(w), 20);
});

test('an uptime that fell because the clock was set back is no new start', () => {
  const w = new ProxyWindows(8_999_000);
  w.add(report(9_000_000, 10, { uptimeMs: 8_000_000 }), 9_000_000);
  w.add(report(5_401_000, 15, { uptimeMs: 4_401_000 }), 5_401_000);
  assert.equal(w.totals().get('n'), 5);
});

test('a counter that fell began anew', () => {
  const w = new ProxyWindows(0);
  w.add(report(0, 100), 0);
  w.add(report(1000, 7), 1000);
  assert.equal(rate(w), 7);
});

test('a counter that appears grew from nothing', () => {
  const w = new ProxyWindows(0);
  w.add(report(0, 0), 0);
  w.add(report(1000, 0, { counters: new Map([['new', 3]]) }), 1000);
  assert.equal(w.take().rates.get('new'), 3);
});

test('an old proxy heard for the first time gives a mark only; a young one is counted from its start', () => {
  const old = new ProxyWindows(50_000);
  old.add(report(52_000, 900, { uptimeMs: 40_000 }), 52_000);
  assert.equal(old.totals().get('n'), undefined);
  const young = new ProxyWindows(50_000);
  young.add(report(54_000, 6, { uptimeMs: 3000 }), 54_000);
  assert.equal(young.totals().get('n'), 6);
  assert.equal(rate(young), 2);
});

test('a proxy as old as the collector is young, though its uptime in whole seconds is one too many', () => {
  const w = new ProxyWindows(50_000);
  w.add(report(51_500, 6, { uptimeMs: 2000 }), 51_500);
  assert.equal(w.totals().get('n'), 6);
});

test('a proxy started anew is seen by its uptime though its counters are higher', () => {
  const w = new ProxyWindows(0);
  w.add(report(1000, 10, { uptimeMs: 100_000 }), 1000);
  w.add(report(2000, 15, { uptimeMs: 1000 }), 2000);
  assert.equal(w.totals().get('n'), 15);
});

test('latencies of several pushes are merged, sums of the filters added', () => {
  const w = new ProxyWindows(0);
  const latencies = new Map([['out|cart', { bounds: [1, 2], counts: [1, 3], total: 3 }]]);
  w.add(report(0, 0, { latencies }), 0);
  w.add(report(1000, 0, { latencies, increases: new Map([['sum', 5]]) }), 1000);
  w.add(report(2000, 0, { latencies, increases: new Map([['sum', 6]]) }), 2000);
  assert.equal(w.take().latencies.get('out|cart')!.total, 6);
  assert.equal(w.totals().get('sum'), 11);
});
