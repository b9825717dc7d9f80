import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FaultKind, faultKinds } from '../mesh/fault.ts';
import type { Diagnosis, Symptom } from '../mesh/record.ts';
import { shop } from '../telemetry/testing/traffic.ts';
import { reproductionOf } from './reproduce.ts';
import type { ScenarioOptions } from './scenarios.ts';

const all = new Set(Object.keys(faultKinds) as FaultKind[]);
const of = (kind: Symptom['kind'], target: Symptom['target'], severity: number): Symptom => ({
  kind,
  target,
  severity,
  since: 0,
  growth: 0,
});
const diagnosis = (service: string | undefined, ...symptoms: Symptom[]): Diagnosis => ({
  at: 0,
  symptoms,
  origins: service === undefined ? [] : [{ service, score: 0.8 }],
  impaired: true,
  goodRatio: 0.5,
});
const pay = { edge: 'web>pay' } as const;
const options = { durationMs: 1000, seed: 1 };

const surge = diagnosis('pay', of('surge', pay, 0.8));
const errors = diagnosis('pay', of('errors', pay, 0.6));
const table: [string, Diagnosis, ReadonlySet<FaultKind>, string | undefined, ScenarioOptions?][] = [
  ['errors', errors, all, 'abort@pay share 0.6'],
  ['errors without abort', errors, new Set(['exception']), 'exception@pay share 0.6'],
  ['slow', diagnosis('pay', of('slow', pay, 1), of('errors', pay, 0.1)), all, 'latency@pay share 1'],
  [
    'a replica gone',
    diagnosis('pay', of('errors', pay, 0.5), of('unready', { service: 'pay' }, 0.5)),
    all,
    'outage@pay#0 share 1',
  ],
  ['outside, failing', diagnosis('bank', of('errors', { edge: 'pay>bank' }, 0.9)), all, 'dependency@bank share 0.9'],
  ['more users than usual', diagnosis('pay', of('surge', pay, 0.8), of('slow', pay, 1)), all, 'load@web share 1'],
  ['more users, and no way to add any', surge, new Set(['latency']), undefined],
  ['somewhere else', diagnosis('cart', of('errors', pay, 0.9)), all, undefined],
  ['no origin', diagnosis(undefined, of('errors', pay, 0.9)), all, undefined],
  ['nothing possible', diagnosis('pay', of('errors', pay, 0.9)), new Set(), undefined],
  ['errors where no abort is wanted', errors, all, 'exception@pay share 0.6', { kinds: ['exception', 'latency'] }],
  ['errors of what is never broken', errors, all, undefined, { exclude: ['pay'] }],
  ['errors of another than is never broken', errors, all, 'abort@pay share 0.6', { exclude: ['web'] }],
  ['more users where no load is wanted', surge, all, undefined, { kinds: ['latency'] }],
  ['more users of what is never broken', surge, all, undefined, { exclude: ['web'] }],
];
for (const [name, d, possible, expected, limits] of table) {
  test(`${name}: ${expected ?? 'not reproduced'}`, () => {
    const fault = reproductionOf(d, shop(), possible, options, limits);
    const text =
      fault && 'service' in fault.target
        ? `${fault.kind}@${fault.target.service}${fault.target.replica === undefined ? '' : '#0'} share ${fault.share}`
        : undefined;
    assert.equal(text, expected);
  });
}
