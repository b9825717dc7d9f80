import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diagnosis, Symptom } from '../mesh/record.ts';
import type { Goodness } from '../telemetry/goodness.ts';
import type { WindowState } from '../telemetry/healthy.ts';
import { createCleanRule } from './clean.ts';

const symptom = (kind: Symptom['kind']): Symptom => ({
  kind,
  target: { edge: 'web>pay' },
  severity: 0.5,
  since: 0,
  growth: 0,
});
const d = (kinds: Symptom['kind'][] = [], impaired = false): Diagnosis => ({
  at: 0,
  symptoms: kinds.map(symptom),
  origins: [],
  impaired,
  goodRatio: 1,
});
const users = { expected: 25, good: 25, ratio: 1, surge: false, protectedExpected: 0, protectedGood: 0 };
const silent: Goodness = { ...users, expected: 0, good: 0, unseen: true };

const table: [string, Diagnosis, Goodness, boolean, boolean, WindowState][] = [
  ['all is well', d(), users, false, false, 'clean'],
  ['a surge that is served', d(['surge']), users, false, false, 'clean'],
  ['a symptom', d(['errors']), users, false, false, 'unwell'],
  ['users suffer', d(['goodput'], true), users, false, false, 'unwell'],
  ['something is in force', d(), users, false, true, 'touched'],
  ['something is in force, and users suffer', d(['goodput'], true), users, false, true, 'unwell'],
  ['something is in force, and a symptom', d(['slow']), users, false, true, 'unwell'],
  ['the entry is not heard', d(), silent, false, false, 'unwell'],
  ['the entry is not heard, something in force', d(), silent, false, true, 'unwell'],
  ['learning, half of it fails', d(), { ...users, good: 12, ratio: 0.5 }, true, false, 'unwell'],
  ['learning, nobody there', d(), { ...users, expected: 0, good: 0 }, true, false, 'unwell'],
];
for (const [name, diagnosis, now, learning, touched, state] of table)
  test(`${name}: ${state}`, () => assert.equal(createCleanRule()(diagnosis, now, learning, touched), state));

test('what ails for ten minutes without hurting users is the new normal', () => {
  const rule = createCleanRule();
  for (let i = 0; i < 600; i++) assert.equal(rule(d(['slow']), users, false, false), 'unwell');
  assert.equal(rule(d(['slow']), users, false, false), 'clean');
  assert.equal(rule(d(['goodput'], true), users, false, false), 'unwell');
  assert.equal(rule(d(['slow']), users, false, false), 'unwell');
});
