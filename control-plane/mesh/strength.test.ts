import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Mitigation, type MitigationKind, mitigationKinds } from './mitigation.ts';
import { describeRange, strengthProblem } from './strength.ts';
import type { Topology } from './topology.ts';

/** Two replicas of four may be added to `pay`. */
const topology = { services: { pay: { id: 'pay', replicas: 2, maxReplicas: 4 } } } as unknown as Topology;

const of = (kind: MitigationKind, strength: number): Mitigation => ({
  kind,
  target: mitigationKinds[kind].target === 'service' ? { service: 'pay' } : { edge: 'web>pay' },
  strength,
});

test('every strength that is a candidate can be asked for', () => {
  for (const [kind, { strengths }] of Object.entries(mitigationKinds))
    for (const strength of strengths)
      assert.equal(strengthProblem(of(kind as MitigationKind, strength), topology), undefined, `${kind} ${strength}`);
});

const refused: [kind: MitigationKind, strength: number, says: RegExp][] = [
  ['scale', 9, /pay has room for 2 more, not 9/],
  ['scale', 1.5, /whole numbers/],
  ['scale', 0, /from 1/],
  ['retry', 99, /from 0 to 5, not 99/],
  ['timeout', 0.001, /from 1 to 100/],
  ['rate-limit', 0.1, /from 0.5/],
  ['failover', 2, /to 1, not 2/],
  ['admission-control', Number.NaN, /not NaN/],
];
for (const [kind, strength, says] of refused)
  test(`${kind} of ${strength} is refused`, () => assert.match(strengthProblem(of(kind, strength), topology)!, says));

test('a range in words', () => {
  assert.equal(describeRange('retry'), '0 to 5, whole');
  assert.equal(describeRange('failover'), '0.01 to 1');
});
