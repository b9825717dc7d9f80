import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rngOf } from '../mesh/rng.ts';
import { calibrate, coverage, type Outcome } from './calibration.ts';

/** Outcomes of a model whose bounds are three times too narrow and that is too hopeful by 0.05. */
function outcomes(n: number, seed: number): Outcome[] {
  const rng = rngOf(seed);
  return Array.from({ length: n }, () => {
    const spread = rng.between(0.02, 0.2);
    const mean = rng.between(0, 0.6);
    return { mean, spread, truth: mean - 0.05 + 3 * spread * rng.normal() };
  });
}

test('a calibrated bound holds as often as promised on outcomes it has not seen', () => {
  const narrow = { scale: 1, floor: 0.02, alpha: 0.1, samples: 0 };
  const fresh = outcomes(4000, 2);
  assert.ok(coverage(fresh, narrow) < 0.7);
  const c = calibrate(outcomes(500, 1), 0.1);
  const held = coverage(fresh, c);
  assert.ok(held > 0.87 && held < 0.94, `holds for ${held}`);
  assert.equal(c.samples, 500);
});

test('few outcomes give a wide bound, odd ones are left out', () => {
  assert.ok(calibrate([], 0.1).scale >= 3);
  assert.ok(calibrate(outcomes(3, 1), 0.1).scale >= 3);
  const odd = [...outcomes(200, 1), { mean: Number.NaN, spread: 1, truth: 0 }];
  assert.equal(calibrate(odd).samples, 200);
  assert.ok(calibrate(outcomes(200, 1).map((o) => ({ ...o, truth: 5 }))).scale >= 0);
});
