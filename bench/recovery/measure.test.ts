import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recovery, type Second } from './measure.ts';

const series = (good: number[]): Second[] => good.map((g, i) => ({ at: i * 1000, offered: 20, good: g }));
const flat = (n: number, v: number) => Array<number>(n).fill(v);

test('a dip that heals counts from onset', () => {
  const r = recovery(series([...flat(10, 20), ...flat(8, 4), ...flat(22, 20)]), 10_000, 40_000);
  assert.equal(r.before, 1);
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

test('few arrivals are no loss', () => {
  const seconds = series(flat(40, 20)).map((s, i) => (i % 3 === 0 ? { ...s, offered: 8, good: 8 } : s));
  assert.deepEqual(recovery(seconds, 10_000, 40_000), { before: 1, during: 1, worst: 1, recoveredAfter: 0 });
});

test('the last bad second does not count as recovered, however good the next are', () => {
  const r = recovery(series([...flat(10, 20), ...flat(4, 10), ...flat(26, 20)]), 10_000, 40_000);
  assert.equal(r.recoveredAfter, 4);
});
