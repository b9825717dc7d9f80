import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Buckets, merge, noSamples, quantile } from './histogram.ts';

const of = (bounds: number[], values: number[]): Buckets => ({
  bounds,
  counts: bounds.map((b) => values.filter((v) => v <= b).length),
  total: values.length,
});
const bounds = [1, 2, 5, 10, 20, 50, 100];

test('quantiles interpolate within a bucket', () => {
  const h = of(bounds, [15, 15, 15, 15]);
  assert.equal(quantile(h, 0.5), 15);
  assert.equal(quantile(h, 1), 20);
});

test('no samples is 0, above the last bound is the last bound', () => {
  assert.equal(quantile(noSamples, 0.99), 0);
  assert.equal(quantile(of(bounds, [1000, 2000]), 0.5), 100);
});

test('a quantile is within its bucket and grows with q; merging is counting together', () => {
  const values = fc.array(fc.double({ min: 0, max: 99, noNaN: true }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(values, values, fc.double({ min: 0.01, max: 1, noNaN: true }), (a, b, q) => {
      const all = [...a, ...b].sort((x, y) => x - y);
      const merged = merge(of(bounds, a), of(bounds, b));
      assert.deepEqual(merged, of(bounds, all));
      const exact = all[Math.max(0, Math.ceil(q * all.length) - 1)]!;
      const upper = bounds.find((x) => exact <= x)!;
      const lower = bounds[bounds.indexOf(upper) - 1] ?? 0;
      const found = quantile(merged, q);
      assert.ok(found >= lower && found <= upper, `${found} not in ${lower}..${upper}`);
      assert.ok(found <= quantile(merged, 1));
    }),
  );
});

test('histograms with other bounds still add up', () => {
  const merged = merge(of([10, 100], [5, 50]), of([20, 200], [15, 150]));
  assert.equal(merged.total, 4);
  assert.deepEqual(merged.bounds, [10, 20, 100, 200]);
  assert.deepEqual(merged.counts, [1, 2, 3, 4]);
});
