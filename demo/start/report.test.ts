import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Value } from 'typebox/value';
import { Report, type ReportIncident } from '../../control-plane/api/report.schema.ts';
import { complete, troubleOf } from './report.ts';

const troubles = [
  { name: 'first', from: 100_000, to: 160_000 },
  { name: 'second', from: 170_000, to: 200_000 },
];
const cases: [onset: number, trouble: string | undefined][] = [
  [97_999, undefined],
  [98_500, 'first'],
  [165_000, 'first'],
  [169_000, 'second'],
  [219_000, 'second'],
  [220_001, undefined],
];
for (const [onset, trouble] of cases)
  test(`an incident at ${onset} ms is ${trouble ?? 'nobody'}’s`, () =>
    assert.equal(troubleOf({ onset }, troubles), trouble));

const incident = (onset: number): ReportIncident => ({
  onset,
  detectedAt: onset + 2000,
  goodputBefore: 24,
  goodputDuring: 3,
  plan: ['failover@checkout>payments×1'],
  source: 'pattern',
  undone: 0,
});
const report: Report = {
  traffic: { offered: 1, good: 1, mirrored: 5, mirrorDropped: 0 },
  shadow: {
    episodes: 0,
    faultsInjected: 0,
    byKind: {},
    failuresDetected: 0,
    mitigationsTried: 0,
    mitigationsSuccessful: 0,
    patterns: [],
    fidelity: null,
    fidelityByRoute: [],
    leakedWrites: 0,
    denied: {},
    deniedTargets: [],
    unfaultedShare: 1,
  },
  production: { incidents: [incident(120_000), { trouble: 'guess', ...incident(500_000) }], falseAlarms: 0 },
  xds: { pushes: 0, acks: 0, nacks: 0 },
  learning: { trainingSteps: 0, loss: null, policyVersion: 'v' },
};

test('the truth completes the report, which is still one', () => {
  const completed = complete(report, { troubles, load: { offered: 900, good: 890 }, leakedWrites: 2 });
  assert.ok(Value.Check(Report, completed));
  assert.deepEqual(completed.traffic, { offered: 900, good: 890, mirrored: 5, mirrorDropped: 0 });
  assert.equal(completed.shadow.leakedWrites, 2);
  assert.deepEqual(
    completed.production.incidents.map((i) => i.trouble),
    ['first', undefined],
  );
  assert.equal(completed.production.falseAlarms, 1);
});

test('what could not be checked stays as the control plane says', () => {
  const completed = complete({ ...report, shadow: { ...report.shadow, leakedWrites: 7 } }, { troubles: [] });
  assert.equal(completed.shadow.leakedWrites, 7);
  assert.equal(completed.traffic.offered, 1);
});
