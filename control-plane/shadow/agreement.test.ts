import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rngOf } from '../mesh/rng.ts';
import { agreement, corrected, type Estimate, type Pairs, weighted } from './agreement.ts';

const near = (actual: number, expected: number, within = 1e-9) =>
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected}`);

test('without noise the corrected score is the agreement, and its lower limit Wilson’s', () => {
  const plain = agreement({ compared: 200, differing: 20 });
  const score = corrected({ compared: 200, differing: 20 }, { compared: 1e9, differing: 0 })!;
  near(score.value, 0.9);
  near(score.low, plain.low, 1e-6);
  near(score.high, plain.high, 1e-6);
});

test('what differs by chance alone is not held against the shadow', () => {
  const score = corrected({ compared: 400, differing: 200 }, { compared: 60, differing: 30 })!;
  near(score.value, 1);
  assert.equal(score.high, 1);
  assert.ok(score.low > 0.7 && score.low < 0.85, String(score.low));
});

test('a shadow that always differs scores nothing, however noisy it is', () => {
  for (const differing of [0, 20, 39]) {
    const score = corrected({ compared: 400, differing: 400 }, { compared: 40, differing })!;
    assert.deepEqual([score.value, score.low], [0, 0]);
  }
});

test('where no two answers of the shadow agree, nothing is said', () => {
  assert.equal(corrected({ compared: 400, differing: 400 }, { compared: 40, differing: 40 }), undefined);
});

test('the limits hold in the share of runs they promise', () => {
  const rng = rngOf(7);
  const draw = (compared: number, p: number): Pairs => {
    let differing = 0;
    for (let i = 0; i < compared; i++) if (rng.uniform() < p) differing++;
    return { compared, differing };
  };
  for (const [own, noise, answers, pairs] of [
    [0, 0.5, 200, 30],
    [0.1, 0.3, 500, 50],
    [0.9, 0.5, 300, 30],
    [0.02, 0.02, 1000, 60],
  ] as const) {
    let within = 0;
    for (let run = 0; run < 1000; run++) {
      const e = corrected(draw(answers, 1 - (1 - own) * (1 - noise)), draw(pairs, noise));
      if (e && e.low <= 1 - own && 1 - own <= e.high) within++;
    }
    // Three standard errors of 1000 runs below 95%.
    assert.ok(within >= 929, `${own} ${noise}: ${within} of 1000`);
  }
});

test('a mean by weight is narrower than its widest part', () => {
  const [a, b]: [Estimate, Estimate] = [
    { value: 0.9, low: 0.8, high: 0.95 },
    { value: 0.5, low: 0.4, high: 0.6 },
  ];
  const mean = weighted([
    { of: a, weight: 3 },
    { of: b, weight: 1 },
  ]);
  near(mean.value, 0.8);
  near(mean.low, 0.8 - Math.hypot(0.075, 0.025));
  near(mean.high, 0.8 + Math.hypot(0.0375, 0.025));
  const alone = weighted([{ of: a, weight: 5 }]);
  near(alone.low, a.low);
  near(alone.high, a.high);
});
