import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choose } from '../learning/explore.ts';
import { contextOf, leftFails } from '../learning/testing/contexts.ts';
import type { Mitigation } from '../mesh/mitigation.ts';
import type { DecisionContext, Policy } from '../mesh/policy.ts';
import type { ScoredCandidate } from '../mesh/record.ts';
import { rngOf } from '../mesh/rng.ts';
import { type DecideDeps, decide, signatureOver } from './decide.ts';

const retry: Mitigation = { kind: 'retry', target: { edge: 'front>left' }, strength: 2 };
const failover: Mitigation = { kind: 'failover', target: { edge: 'front>left' }, strength: 1 };
const limit: Mitigation = { kind: 'rate-limit', target: { edge: 'ingress>front' }, strength: 1.1 };

/** A policy that finds `lower` for each, in the state of the given context; elsewhere nothing is worth anything. */
function policyOf(knows: DecisionContext, lowers: readonly [Mitigation, number][]): Policy {
  return {
    version: 'p',
    score: async (context) => [
      { action: { do: 'wait' }, mean: 0, spread: 0, lower: 0, probability: 0 },
      ...lowers.map(([mitigation, lower]): ScoredCandidate => {
        const worth = context === knows ? lower : -0.05;
        return { action: { do: 'apply', mitigation }, mean: worth, spread: 0, lower: worth, probability: 0 };
      }),
    ],
  };
}

const before = contextOf(leftFails());
const now = contextOf(leftFails(), { steps: [retry] });
const depsOf = (gained: number, lowers: readonly [Mitigation, number][]): DecideDeps => ({
  learned: { signatureOf: () => 'origin=left', match: () => [], choose },
  patterns: [],
  policy: policyOf(before, lowers),
  staticPolicy: policyOf(before, []),
  credit: 1,
  threshold: 0.02,
  rng: rngOf(1),
  untreated: { context: before, gained },
});

test('what helped without healing gives way to what was worth more from the start', async () => {
  const proposal = await decide(
    now,
    depsOf(0.2, [
      [limit, 0.3],
      [failover, 0.5],
    ]),
  );
  assert.equal(proposal.action, 'apply');
  assert.deepEqual(proposal.steps, [failover]);
  assert.match(proposal.why, /before the first step/);
});

test('where the steps have gained as much already, what acts otherwise is put to the test all the same', async () => {
  const gentler: Mitigation = { ...retry, strength: 1 };
  const proposal = await decide(
    now,
    depsOf(0.49, [
      [gentler, 0.5],
      [failover, 0.1],
      [limit, 0.05],
    ]),
  );
  assert.deepEqual(proposal.steps, [failover], 'not the step in force in another strength');
  assert.match(proposal.why, /nothing more is expected/);
  assert.equal((await decide(now, depsOf(0.49, [[failover, 0.01]]))).action, 'wait', 'what was worth nothing');
  const first = { ...now, steps: [] };
  assert.equal((await decide(first, depsOf(0.49, [[failover, 0.1]]))).action, 'wait', 'no step has helped');
});

test('not what is masked now', async () => {
  const masked = { ...now, mask: (m: Mitigation) => (m.kind === 'failover' ? 'tried' : undefined) };
  const proposal = await decide(
    masked,
    depsOf(0.2, [
      [limit, 0.3],
      [failover, 0.5],
    ]),
  );
  assert.deepEqual(proposal.steps, [limit]);
});

test('a trouble is named by its whole windows, not by the one it began in', () => {
  const history = [7000, 8000, 9000, 10_000].map((at) => ({ ...leftFails(), at }));
  const named = (onset: number) => {
    let windows = 0;
    signatureOver({ ...before, onset, history }, (c) => {
      windows = history.length - c.history.length + 1;
      return '';
    });
    return windows;
  };
  assert.equal(named(7200), 2, 'the window that ends at 8 s holds the onset');
  assert.equal(named(9200), 1, 'there is no other');
});
