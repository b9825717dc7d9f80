import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DecisionContext, Policy } from '../mesh/policy.ts';
import type { ScoredCandidate } from '../mesh/record.ts';
import { createTrust, scoreGuarded, unusable } from './trust.ts';

const clock = { at: 0, now: () => clock.at, sleep: async () => {} };

test('harm halves credit, uselessness takes a fifth, success gives back, time heals by halves', () => {
  const trust = createTrust(clock);
  trust.judge('removed-worse', 'v1');
  assert.equal(trust.credit('v1'), 0.5);
  trust.judge('removed-worse', 'v1');
  assert.equal(trust.credit('v1'), 0.25);
  trust.judge('kept', 'v1');
  assert.ok(Math.abs(trust.credit('v1') - 0.55) < 1e-9);
  trust.judge('removed-no-better', 'v1');
  assert.ok(Math.abs(trust.credit('v1') - 0.44) < 1e-9);
  clock.at += 10 * 60_000;
  assert.ok(Math.abs(trust.credit('v1') - 0.72) < 1e-9);
  trust.judge('undone-by-operator', 'v1');
  assert.ok(Math.abs(trust.credit('v1') - 0.72) < 1e-9, 'an operator may have other reasons');
  assert.ok(Math.abs(trust.credit('v1+300') - 0.72) < 1e-9, 'a refinement answers for its base');
  assert.equal(trust.credit('v2'), 1, 'another policy does not');
  assert.equal(trust.credit('v1+300~7'), 1, 'nor does one specialised from the refinement');
  trust.judge('removed-worse', 'v1+300~7+50');
  assert.equal(trust.credit('v1+300~7'), 0.5, 'which shares a record with its own refinements');
  assert.ok(Math.abs(trust.credit('v1') - 0.72) < 1e-9);
});

const wait: ScoredCandidate = { action: { do: 'wait' }, mean: 0, spread: 0, lower: 0, probability: 1 };
const policy = (version: string, candidates: readonly ScoredCandidate[] | Error): Policy => ({
  version,
  score: async () => {
    if (candidates instanceof Error) throw candidates;
    return candidates;
  },
});
const context = {} as DecisionContext;
const fallback = policy('static', [wait]);

const bad: [string, readonly ScoredCandidate[] | Error, RegExp][] = [
  ['throws', new Error('no session'), /no session/],
  ['answers NaN', [{ ...wait, mean: Number.NaN }], /not numbers/],
  ['answers infinity', [{ ...wait, lower: Number.POSITIVE_INFINITY }], /not numbers/],
  ['claims ten times all goodput', [{ ...wait, mean: 10, lower: 9 }], /claims/],
  ['scores nothing', [], /nothing/],
];
for (const [name, candidates, reason] of bad) {
  test(`a policy that ${name} is set aside for the static one, and the reason is told`, async () => {
    const scored = await scoreGuarded(context, policy('learned', candidates), fallback, 1);
    assert.equal(scored.version, 'static');
    assert.match(scored.fallback!, reason);
    assert.deepEqual(scored.candidates, [wait]);
  });
}

test('a masked candidate may hold any number; without credit the learned policy is not asked', async () => {
  assert.equal(unusable([wait, { ...wait, mean: Number.NaN, masked: 'frozen' }]), undefined);
  const asked = await scoreGuarded(context, policy('learned', [wait]), fallback, 1);
  assert.equal(asked.version, 'learned');
  const refused = await scoreGuarded(context, policy('learned', new Error('must not be asked')), fallback, 0.2);
  assert.match(refused.fallback!, /lost its credit/);
});

test('both unusable: nothing is proposed', async () => {
  const scored = await scoreGuarded(context, policy('learned', []), policy('static', []), 1);
  assert.deepEqual(scored.candidates, []);
  assert.match(scored.fallback!, /static/);
});
