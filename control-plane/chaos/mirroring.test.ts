import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProductionState } from './budget.ts';
import { createMirroring } from './mirroring.ts';

const calm: ProductionState = { impaired: false, incidentOpen: false, goodRatio: 1 };
const ill: ProductionState = { impaired: true, incidentOpen: true, goodRatio: 0.5 };

/** Shares second by second from `from` on. */
function seconds(
  m: ReturnType<typeof createMirroring>,
  production: ProductionState,
  count: number,
  from = 0,
  reproducing = false,
): number[] {
  return Array.from({ length: count }, (_, i) => m.next(production, reproducing, (from + i) * 1000).share);
}

test('calm and idle, or nothing known of the machine: everything', () => {
  const m = createMirroring();
  assert.deepEqual(m.next(calm, false, 0), { share: 1 });
  assert.deepEqual(m.next({ ...calm, busy: 0.5 }, false, 1000), { share: 1 });
});

test('a busy machine gets less, in quarters, down to nothing, and the reason is said', () => {
  const m = createMirroring();
  const shares = [0.7, 0.78, 0.85, 0.92, 0.98, 1].map((busy, i) => m.next({ ...calm, busy }, false, i * 1000));
  assert.deepEqual(
    shares.map((s) => s.share),
    [1, 0.75, 0.5, 0.25, 0, 0],
  );
  assert.match(shares[4]!.why!, /98% of the machine/);
  assert.equal(shares[0]!.why, undefined);
});

test('less at once, more after thirty calm seconds', () => {
  const m = createMirroring();
  assert.equal(m.next({ ...calm, busy: 1 }, false, 0).share, 0);
  assert.deepEqual(seconds(m, calm, 31), [...Array(30).fill(0), 1]);
});

test('a machine that is busy again and again stays at less', () => {
  const m = createMirroring();
  for (let t = 0; t < 60; t++) {
    const busy = t % 8 === 0 ? 0.9 : 0.3;
    assert.equal(m.next({ ...calm, busy }, false, t * 1000).share, 0.5, `second ${t}`);
  }
});

test('young trouble changes nothing; later the shadow keeps a quarter, and all of it afterwards', () => {
  const m = createMirroring();
  seconds(m, calm, 5);
  assert.deepEqual(new Set(seconds(m, ill, 20, 5)), new Set([1]));
  assert.deepEqual(new Set(seconds(m, ill, 10, 25)), new Set([0.25]));
  assert.equal(seconds(m, calm, 32, 35).at(-1), 1);
});

test('what is being reproduced gets traffic at once, also on a full machine', () => {
  const m = createMirroring();
  seconds(m, ill, 40);
  assert.equal(m.next(ill, false, 40_000).share, 0.25);
  assert.equal(m.next(ill, true, 41_000).share, 1);
  const full = { ...ill, busy: 1 };
  assert.equal(m.next(full, true, 42_000).share, 0.5);
  assert.equal(m.next(full, false, 43_000).share, 0, 'nobody reproduces and nothing is left');
});
