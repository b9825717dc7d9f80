import assert from 'node:assert/strict';
import { test } from 'node:test';
import { casesOf } from './cases.ts';
import { estimate, open, planOf } from './plan.ts';

const cases = casesOf([100]).filter((c) => ['delta 100', 'delta 100 endurance'].includes(c.name));
const plan = planOf(cases, 2, ['gcp-linear', 'umbra']);
const told = (sessions: typeof plan) => sessions.map((s) => `${s.round} ${s.case.name} ${s.contender}`);

test('contenders take turns within a case, cases within a round; what takes long is not repeated', () => {
  assert.deepEqual(told(plan), [
    '0 delta 100 umbra',
    '0 delta 100 gcp-linear',
    '0 delta 100 endurance umbra',
    '0 delta 100 endurance gcp-linear',
    '1 delta 100 umbra',
    '1 delta 100 gcp-linear',
  ]);
});

test('what was run is not run again, and tells how long the rest takes', () => {
  const took = (contender: 'umbra' | 'gcp-linear', seconds: number) => ({
    case: 'delta 100',
    contender,
    round: 0,
    seconds,
  });
  const runs = [took('umbra', 3), took('gcp-linear', 5)];
  const left = open(plan, runs);
  assert.deepEqual(told(left), told(plan).slice(2));
  assert.deepEqual(estimate(left, runs), { seconds: 8, unknown: 2 });
});
