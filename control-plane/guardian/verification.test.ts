import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rngOf } from '../mesh/rng.ts';
import type { Goodness } from '../telemetry/goodness.ts';
import { createVerifier, type Judgement } from './verification.ts';

/** A window of `n` requests of which each is good with probability `p`. */
function draw(rng: ReturnType<typeof rngOf>, n: number, p: number): Goodness {
  let good = 0;
  for (let i = 0; i < n; i++) if (rng.chance(p)) good++;
  return { expected: n, good, ratio: good / n, surge: false, protectedExpected: 0, protectedGood: 0 };
}

interface Trial {
  readonly before: number;
  readonly after: readonly number[];
  readonly trialMs?: number;
  readonly graceMs?: number;
}

/** Plays a trial: the last of `after` goes on; returns the verdict and the number of windows it took. */
function play(seed: number, { before, after, trialMs = 3000, graceMs }: Trial): [Judgement, number] {
  const rng = rngOf(seed);
  const first = draw(rng, 50, before);
  const grace = graceMs === undefined ? {} : { graceMs };
  const verifier = createVerifier({ predicted: first, effectiveAt: 10_000, trialMs, ...grace });
  for (let i = 0; ; i++) {
    const p = after[Math.min(i, after.length - 1)]!;
    const j = verifier.update(11_000 + i * 1000, 1000, draw(rng, 25, p));
    if (j.verdict !== 'pending') return [j, i + 1];
    assert.ok(i < 30, 'a trial ends');
  }
}

function share(trial: Trial, verdict: string, runs = 400): number {
  let n = 0;
  for (let seed = 1; seed <= runs; seed++) if (play(seed, trial)[0].verdict === verdict) n++;
  return n / runs;
}

test('rates of verdicts over seeded trials', () => {
  const table: [string, Trial, string, number, number][] = [
    ['a cure is seen', { before: 0.4, after: [0.97] }, 'better', 0.99, 1],
    ['half a cure is seen', { before: 0.4, after: [0.7] }, 'better', 0.95, 1],
    ['a small cure mostly is', { before: 0.8, after: [0.95] }, 'better', 0.6, 1],
    ['what does nothing is rarely taken for a cure', { before: 0.5, after: [0.5] }, 'better', 0, 0.1],
    ['nor for harm', { before: 0.5, after: [0.5] }, 'worse', 0, 0.06],
    ['harm is called harm', { before: 0.7, after: [0.3] }, 'worse', 0.95, 1],
    ['a queue that drains first looks like failure', { before: 0.5, after: [0.35, 0.8, 0.97] }, 'better', 0.92, 1],
    ['a removal that hurts is seen', { before: 0.99, after: [0.5], graceMs: 0, trialMs: 5000 }, 'worse', 0.99, 1],
    ['one that does not is not', { before: 0.99, after: [0.99], graceMs: 0, trialMs: 5000 }, 'worse', 0, 0.01],
  ];
  for (const [name, trial, verdict, low, high] of table) {
    const rate = share(trial, verdict);
    assert.ok(rate >= low && rate <= high, `${name}: ${rate} ${verdict}, expected ${low}..${high}`);
  }
});

test('a collapse ends the trial with its first whole window', () => {
  for (let seed = 1; seed < 30; seed++) assert.deepEqual(play(seed, { before: 0.9, after: [0.2] })[1], 1);
});

test('a cure is believed after two or three windows, not at the end of a long trial', () => {
  for (let seed = 1; seed < 30; seed++) {
    const [j, windows] = play(seed, { before: 0.4, after: [0.98], trialMs: 8000 });
    assert.equal(j.verdict, 'better');
    assert.ok(windows <= 3);
  }
});

test('windows before the change took effect do not count', () => {
  const verifier = createVerifier({ predicted: { ratio: 0.9, expected: 50 }, effectiveAt: 10_000, trialMs: 3000 });
  const bad: Goodness = { expected: 25, good: 0, ratio: 0, surge: false, protectedExpected: 0, protectedGood: 0 };
  assert.equal(verifier.update(9_900, 1000, bad).windows, 0);
  assert.equal(verifier.update(10_400, 1000, bad).windows, 0);
});

test('a gain within chance is watched for longer, and kept where it stays', () => {
  const window = (good: number): Goodness => ({
    expected: 25,
    good,
    ratio: good / 25,
    surge: false,
    protectedExpected: 0,
    protectedGood: 0,
  });
  const play = (goods: readonly number[]) => {
    const verifier = createVerifier({
      predicted: { ratio: 0.8, expected: 75 },
      effectiveAt: 10_000,
      trialMs: 3000,
    });
    for (const [i, good] of goods.entries()) {
      const { verdict } = verifier.update(11_000 + i * 1000, 1000, window(good));
      if (verdict !== 'pending') return [verdict, i + 1];
    }
    return ['pending', goods.length];
  };
  assert.deepEqual(play([21, 22, 22, 23, 23, 23, 23, 23]), ['better', 7]);
  assert.deepEqual(play([21, 22, 22, 20, 19, 20, 20, 20]), ['no-better', 4]);
  assert.deepEqual(play([20, 20, 20]), ['no-better', 3]);
});

test('while the load behind the entry is relieved a trial that shows nothing yet goes on, but not for ever', () => {
  const at = (i: number) => 11_000 + i * 1000;
  const bad: Goodness = { expected: 25, good: 2, ratio: 0.08, surge: false, protectedExpected: 0, protectedGood: 0 };
  const make = () =>
    createVerifier({ predicted: { ratio: 0.08, expected: 50 }, effectiveAt: 10_000, trialMs: 3000, loadBefore: 100 });
  const verdicts = (load: number) => {
    const verifier = make();
    for (let i = 0; i < 30; i++) {
      const { verdict } = verifier.update(at(i), 1000, bad, load);
      if (verdict !== 'pending') return [verdict, i + 1];
    }
    return ['pending', 30];
  };
  assert.deepEqual(verdicts(95), ['no-better', 3]);
  assert.deepEqual(verdicts(40), ['no-better', 13]);
  const verifier = make();
  for (let i = 0; i < 6; i++) assert.equal(verifier.update(at(i), 1000, bad, 40).verdict, 'pending');
  verifier.update(at(6), 1000, { ...bad, good: 24, ratio: 0.96 }, 40);
  assert.equal(verifier.update(at(7), 1000, { ...bad, good: 24, ratio: 0.96 }, 40).verdict, 'better');
});

test('windows in which users were not seen are no verdict', () => {
  const unseen: Goodness = { ...draw(rngOf(1), 0, 0), ratio: 1, unseen: true };
  const verifier = createVerifier({ predicted: draw(rngOf(1), 50, 0.4), effectiveAt: 10_000, trialMs: 3000 });
  for (let i = 0; i < 10; i++) {
    const { verdict, windows, after } = verifier.update(11_000 + i * 1000, 1000, unseen);
    assert.deepEqual([verdict, windows], ['pending', 0]);
    assert.ok(after < 0.6);
  }
});
