import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Value } from 'typebox/value';
import { exampleRecords } from '../../test/dashboard/example-records.ts';
import { Report } from './report.schema.ts';
import { buildReport, type ReportInput } from './report.ts';

const now = 1_764_000_000_000;
const records = exampleRecords(now);
const input: ReportInput = {
  since: now - 900_000,
  traffic: { offered: 1000.4, good: 995 },
  mirror: { mirrored: 900, dropped: { cap: 3, busy: 4 } },
  episodes: records.episodes,
  decisions: records.decisions,
  patterns: records.patterns,
  incidents: records.incidents,
  fidelity: {
    score: 0.96,
    unfaultedShare: 0.4,
    routes: [
      {
        route: 'cart',
        compared: 90,
        pairs: 40,
        noiseFloor: 0.1,
        score: 0.7,
        interval: [0.6, 0.8],
        status: 0.9,
        structure: 0.8,
      },
      { route: 'other', compared: 3, pairs: 0, note: 'too few' },
    ],
  },
  leakedWrites: 0,
  denied: { denied: { network: 3, files: 1 }, deniedTargets: [{ what: '192.0.2.1:80', count: 3 }] },
  xds: { pushes: 10, acks: 10, nacks: 0 },
  learning: { trainingSteps: 5, loss: 0.5, policyVersion: 'p' },
};

test('counts are those of the records, and fit the schema', () => {
  const report = buildReport(input);
  assert.ok(Value.Check(Report, report), JSON.stringify([...Value.Errors(Report, report)][0]));
  assert.deepEqual(report.traffic, { offered: 1000, good: 995, mirrored: 900, mirrorDropped: 7 });
  assert.equal(report.shadow.episodes, 9);
  assert.deepEqual(report.shadow.byKind, {
    latency: 2,
    corruption: 1,
    outage: 1,
    dependency: 2,
    exception: 1,
    cpu: 1,
    'packet-loss': 1,
  });
  assert.deepEqual(report.shadow.denied, { network: 3, files: 1 });
  assert.deepEqual(report.shadow.deniedTargets, [{ what: '192.0.2.1:80', count: 3 }]);
  assert.deepEqual(
    report.shadow.fidelityByRoute.map((r) => [r.route, r.score, r.interval, r.noiseFloor, r.note]),
    [
      ['cart', 0.7, [0.6, 0.8], 0.1, null],
      ['other', null, null, null, 'too few'],
    ],
  );
  assert.equal(report.shadow.patterns[0]!.plan[0], 'outlier-detection@storefront>catalog×1');
  assert.deepEqual(
    report.production.incidents.map((i) => i.source),
    ['none', 'policy', 'pattern'],
    'oldest first',
  );
});

test('mitigations of the shadow are counted when their trial has ended', () => {
  const [kept] = records.decisions;
  const decision = (world: 'shadow' | 'production', verdict?: 'kept' | 'removed-worse' | 'refused') => ({
    ...kept!,
    world,
    ...(verdict ? { outcome: { ...kept!.outcome!, verdict } } : { outcome: undefined }),
  });
  const decisions = [
    decision('shadow', 'kept'),
    decision('shadow', 'removed-worse'),
    decision('shadow', 'refused'),
    decision('shadow'),
    decision('production', 'kept'),
  ] as ReportInput['decisions'];
  const { shadow } = buildReport({ ...input, decisions });
  assert.deepEqual([shadow.mitigationsTried, shadow.mitigationsSuccessful], [2, 1]);
});

test('records of an earlier run do not count, patterns do', () => {
  const report = buildReport({ ...input, since: now - 250_000 });
  assert.equal(report.shadow.episodes, 3);
  assert.equal(report.production.incidents.length, 2);
  assert.equal(report.shadow.patterns.length, 4);
});

test('what a control plane that was started again has not counted is said', () => {
  const report = buildReport({ ...input, countedSince: now - 60_000 });
  assert.ok(Value.Check(Report, report));
  assert.match(report.notes!.join(), /started again at 2025-11-24T15:59:00\.000Z/);
  assert.equal(report.shadow.episodes, 9, 'records are of the whole run');
});

test('a fault that the world refused was not injected; one that nobody felt was', () => {
  const first = (more: object) => records.episodes.map((e, i) => (i === 0 ? { ...e, ...more } : e));
  const of = (more: object) => buildReport({ ...input, episodes: first(more) }).shadow;
  const refused = of({ tookEffect: false, invalid: 'refused: no root' });
  assert.deepEqual([refused.episodes, refused.faultsInjected, refused.byKind.latency], [9, 8, 1]);
  const tolerated = of({ tookEffect: false });
  assert.deepEqual([tolerated.faultsInjected, tolerated.byKind.latency], [9, 2]);
});

test('false alarms: by the troubles where they are known, by what users lost where not', () => {
  assert.equal(buildReport(input).production.falseAlarms, 0);
  assert.equal(buildReport({ ...input, troubles: [] }).production.falseAlarms, 3);
  const known = buildReport({
    ...input,
    troubles: [
      { name: 'first', at: now - 612_000, until: now - 590_000 },
      { name: 'second', at: now - 191_000, until: now - 60_000 },
    ],
  });
  assert.deepEqual(
    known.production.incidents.map((i) => i.trouble),
    ['first', 'second', undefined],
  );
  assert.equal(known.production.falseAlarms, 1);
  const harmless = records.incidents.map((i) => ({ ...i, goodputDuring: i.goodputBefore * 0.98 }));
  assert.equal(buildReport({ ...input, incidents: harmless }).production.falseAlarms, 3);
});

test('odd numbers still make a valid report', () => {
  const report = buildReport({
    ...input,
    traffic: { offered: Number.NaN, good: -3 },
    fidelity: {
      score: 1.2,
      unfaultedShare: Number.NaN,
      routes: [{ route: 'r', compared: 9.5, pairs: Number.NaN, score: -1, interval: [Number.NaN, 2] }],
    },
    learning: { trainingSteps: 0, loss: Number.NaN, policyVersion: 'p' },
    incidents: records.incidents.map((i) => ({ ...i, goodputDuring: Number.POSITIVE_INFINITY })),
  });
  assert.ok(Value.Check(Report, report), JSON.stringify([...Value.Errors(Report, report)][0]));
  assert.equal(report.learning.loss, null);
});
