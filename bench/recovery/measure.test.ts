import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recovery, type Second } from './measure.ts';

const series = (good: number[]): Second[] => good.map((g, i) => ({ at: i * 1000, offered: 20, good: g }));
const flat = (n: number, v: number) => Array<number>(n).fill(v);

test('a dip that heals counts from onset', () => {
  const r = recovery(series([...flat(10, 20), ...flat(8, 4), ...flat(22, 20)]), 10_000, 40_000);
  assert.equal(r.before, 20);
  assert.equal(r.recoveredAfter, 8);
  assert.ok(Math.abs(r.worst - 0.2) < 1e-9);
});

test('a dip that stays is never recovered, even if healthy seconds are among it', () => {
  const r = recovery(series([...flat(10, 20), ...flat(30, 0).map((_, i) => (i % 7 < 5 ? 20 : 0))]), 10_000, 40_000);
  assert.equal(r.recoveredAfter, Number.POSITIVE_INFINITY);
});

test('recovery after the trouble has ended does not count', () => {
  const r = recovery(series([...flat(10, 20), ...flat(20, 4), ...flat(20, 20)]), 10_000, 30_000);
  assert.equal(r.recoveredAfter, Number.POSITIVE_INFINITY);
});

test('a trouble that does not hurt is recovered at once', () => {
  assert.equal(recovery(series(flat(40, 20)), 10_000, 40_000).recoveredAfter, 0);
});
