import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextOf as exampleContext } from '../learning/testing/contexts.ts';
import { describeMitigation, type Mitigation } from '../mesh/mitigation.ts';
import type { ScoredCandidate } from '../mesh/record.ts';
import { contextOf, withoutWaiting } from './next-trial.ts';
import type { TreatmentOptions } from './treatment.ts';

const wait: ScoredCandidate = { action: { do: 'wait' }, mean: 0, spread: 0, lower: 0, probability: 0.5 };
const retry = (strength: number, mean: number, probability: number, masked?: string): ScoredCandidate => ({
  action: { do: 'apply', mitigation: { kind: 'retry', target: { edge: 'a>b' }, strength } },
  mean,
  spread: 0.1,
  lower: mean - 0.1,
  probability,
  ...(masked === undefined ? {} : { masked }),
});

test('what stands in for waiting is as likely as both together', () => {
  const [low, high, forbidden] = [retry(0, -0.1, 0.3), retry(1, 0.2, 0.2), retry(2, 0.9, 0, 'forbidden')];
  const { best, candidates } = withoutWaiting([wait, low, high, forbidden]);
  assert.equal(best?.action, high.action);
  assert.equal(best.probability, 0.7);
  assert.deepEqual(
    candidates.map((c) => c.probability),
    [0, 0.3, 0.7, 0],
  );
  assert.equal(candidates[2], best);
});

test('where no mitigation is allowed nothing stands in', () => {
  const { best, candidates } = withoutWaiting([wait, retry(1, 0.2, 0, 'forbidden')]);
  assert.equal(best, undefined);
  assert.equal(candidates[0]?.probability, 0.5);
});

test('a context stays as it was, whatever the episode does after it', () => {
  const { topology, history, healthy, diagnosis, capabilities, onset } = exampleContext();
  const o = {
    world: { topology, capabilities: () => capabilities, leases: () => [] },
    pulse: { history: () => history, healthy: () => healthy, diagnosis: () => diagnosis },
    onset,
  } as unknown as TreatmentOptions;
  const breaker: Mitigation = { kind: 'circuit-breaking', target: { edge: 'front>left' }, strength: 4 };
  const plan: Mitigation[] = [];
  const tried = new Map<string, string>();
  const context = contextOf(o, plan, tried);
  plan.push(breaker);
  tried.set(describeMitigation(breaker), 'tried in this episode');
  assert.deepEqual(context.steps, []);
  assert.equal(context.mask(breaker), undefined);
  const later = contextOf(o, plan, tried);
  assert.deepEqual(later.steps, [breaker]);
  assert.equal(later.mask(breaker), 'tried in this episode');
});
