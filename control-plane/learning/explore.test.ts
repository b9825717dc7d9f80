import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScoredCandidate } from '../mesh/record.ts';
import { rngOf } from '../mesh/rng.ts';
import { choose } from './explore.ts';

const retry = (strength: number, lower: number, probability: number, masked?: string): ScoredCandidate => ({
  action: { do: 'apply', mitigation: { kind: 'retry', target: { edge: 'a>b' }, strength } },
  mean: lower + 0.1,
  spread: 0.1,
  lower,
  probability,
  ...(masked === undefined ? {} : { masked }),
});
const wait: ScoredCandidate = { action: { do: 'wait' }, mean: 0, spread: 0, lower: 0, probability: 0.2 };
const scored = [retry(1, 0.3, 0.6), retry(2, 0.1, 0.2), wait, retry(0, 0.9, 0, 'forbidden')];

test('production takes the best lower bound above the threshold, else waits', () => {
  const rng = rngOf(1);
  const { chosen, candidates } = choose(scored, { mode: 'production', rng, threshold: 0.05 });
  assert.equal(chosen.action, scored[0]!.action);
  assert.equal(chosen.probability, 1);
  assert.deepEqual(
    candidates.map((c) => c.probability),
    [1, 0, 0, 0],
  );
  assert.equal(choose(scored, { mode: 'production', rng, threshold: 0.5 }).chosen.action.do, 'wait');
  assert.equal(choose([wait], { mode: 'production', rng }).chosen.action.do, 'wait');
  assert.equal(choose([retry(1, -0.2, 1), wait], { mode: 'production', rng, threshold: -1 }).chosen.action.do, 'wait');
});

test('the shadow chooses with the probabilities it logs, and never what is masked', () => {
  const rng = rngOf(7);
  const counts = new Map<number, number>();
  let logged: readonly ScoredCandidate[] = [];
  const n = 20_000;
  for (let i = 0; i < n; i++) {
    const choice = choose(scored, { mode: 'shadow', rng, epsilon: 0.3 });
    logged = choice.candidates;
    const at = choice.candidates.indexOf(choice.chosen);
    counts.set(at, (counts.get(at) ?? 0) + 1);
  }
  assert.ok(Math.abs(logged.reduce((s, c) => s + c.probability, 0) - 1) < 1e-9);
  logged.forEach((c, i) => {
    const measured = (counts.get(i) ?? 0) / n;
    assert.ok(Math.abs(measured - c.probability) < 0.02, `${i}: ${measured} measured, ${c.probability} logged`);
  });
  assert.ok(Math.abs(logged[0]!.probability - (0.7 * 0.6 + 0.1)) < 1e-9);
  assert.equal(logged[3]!.probability, 0);
});
