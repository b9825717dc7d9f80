import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan } from '../mesh/mitigation.ts';
import type { Pattern, PatternEvidence } from '../mesh/record.ts';
import { match, patternId, statusOf, withEvidence } from './patterns.ts';

const plan: Plan = [{ kind: 'failover', target: { edge: 'a>b' }, strength: 1 }];
const evidence = (e: Partial<PatternEvidence>): PatternEvidence => ({ signature: 's', plan, at: 1, ...e });
const after = (...es: Partial<PatternEvidence>[]): Pattern =>
  es.reduce<Pattern | undefined>((p, e) => withEvidence(p, evidence(e)), undefined)!;

test('trusted needs two successes and a control that failed', () => {
  const healed = { healed: true, gain: 0.5, cost: 0.01 };
  assert.equal(after(healed).status, 'candidate');
  assert.equal(after(healed, healed).status, 'candidate');
  assert.equal(after(healed, { controlRecovered: false }).status, 'candidate');
  assert.equal(after(healed, healed, { controlRecovered: true }).status, 'candidate');
  const trusted = after(healed, healed, { controlRecovered: false, fault: 'outage@b' });
  assert.equal(trusted.status, 'trusted');
  assert.deepEqual([trusted.trials, trusted.successes, trusted.controls, trusted.controlFailed], [2, 2, 1, 1]);
  assert.equal(trusted.gain, 0.5);
  assert.deepEqual(trusted.faults, ['outage@b']);
});

test('what fails often enough, or recovers without it, is retired', () => {
  const failed = { healed: false, gain: 0, cost: 0.01 };
  assert.equal(after(failed, failed, failed).status, 'candidate');
  assert.equal(after(failed, failed, failed, failed).status, 'retired');
  const byItself = { controlRecovered: true };
  assert.equal(after({ healed: true, gain: 0.4 }, byItself, byItself, byItself).status, 'retired');
  assert.equal(
    statusOf({ trials: 2, successes: 2, controls: 1, controlFailed: 1, gain: 0.01, cost: 0.05 }),
    'candidate',
  );
});

test('evidence does not change what was passed in', () => {
  const before = after({ healed: true });
  const copy = structuredClone(before);
  withEvidence(before, evidence({ healed: true, fault: 'x' }));
  assert.deepEqual(before, copy);
});

test('ids follow signature and plan alone', () => {
  assert.equal(patternId('s', plan), after({ healed: true }).id);
  assert.notEqual(patternId('t', plan), patternId('s', plan));
  assert.notEqual(patternId('s', [{ ...plan[0]!, strength: 0.5 }]), patternId('s', plan));
});

test('only trusted patterns of the signature match, the surest gain first', () => {
  const of = (signature: string, gain: number, strength: number, times: number): Pattern => {
    const own: Plan = [{ ...plan[0]!, strength }];
    const es: PatternEvidence[] = Array.from({ length: times }, () =>
      evidence({ signature, plan: own, healed: true, gain }),
    );
    return [...es, evidence({ signature, plan: own, controlRecovered: false })].reduce<Pattern | undefined>(
      withEvidence,
      undefined,
    )!;
  };
  const patterns = [of('s', 0.5, 0.5, 2), of('s', 0.5, 1, 6), of('t', 0.9, 1, 6), of('s', 0.9, 2, 1)];
  assert.deepEqual(
    match('s', patterns).map((p) => p.plan[0]!.strength),
    [1, 0.5],
  );
  assert.deepEqual(match('u', patterns), []);
});
