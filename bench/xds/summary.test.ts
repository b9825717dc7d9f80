import assert from 'node:assert/strict';
import { test } from 'node:test';
import { casesOf } from './cases.ts';
import type { Contender } from './servers.ts';
import type { Run } from './summary.ts';
import { chosen, rowsOf } from './summary.ts';

const run = (name: string, contender: Contender, round: number, value: number, measure = 'change: last ACK'): Run => ({
  case: name,
  contender,
  round,
  seconds: 1,
  figures: [{ measure, unit: 'ms', value }],
});

test('medians over rounds, the ratio to the linear cache, the target', () => {
  const cases = chosen([1000], ['delta 1000', 'sotw 1000']);
  const rows = rowsOf(
    cases,
    [
      ...[3, 1, 2].map((v, i) => run('delta 1000', 'umbra', i, v)),
      ...[20, 10, 30].map((v, i) => run('delta 1000', 'gcp-linear', i, v)),
      run('sotw 1000', 'umbra', 0, 9),
      run('sotw 1000', 'gcp-linear', 0, 10),
    ],
    {},
  );
  const row = rows.find((r) => r.case === 'delta 1000')!;
  assert.equal(row.ours, 2);
  assert.deepEqual(row.peers, { 'gcp-linear': 20 });
  assert.equal(row.ratio, 0.1);
  assert.equal(row.met, true);
  assert.equal(row.rounds, 3);
  assert.equal(rows.find((r) => r.case === 'sotw 1000')?.met, false);
});

test('a contender that is missing or failed is told, and nothing is judged without the reference', () => {
  const cases = chosen([1000], ['delta 1000']);
  const failed: Run = {
    case: 'delta 1000',
    contender: 'gcp-snapshot',
    round: 0,
    seconds: 1,
    failed: 'a stream was lost',
  };
  const rows = rowsOf(cases, [run('delta 1000', 'umbra', 0, 5), failed], { 'gcp-linear': 'no go' });
  assert.deepEqual(
    rows.filter((r) => r.skipped).map((r) => [r.measure, r.skipped]),
    [
      ['gcp-linear', 'no go'],
      ['gcp-snapshot', 'a stream was lost'],
    ],
  );
  assert.equal(rows[0]?.met, undefined);
});

test('growth is told where the fewest and the most streams were measured', () => {
  const runs = [run('delta 100', 'umbra', 0, 10), run('delta 4000', 'umbra', 0, 200)];
  const growth = rowsOf(casesOf([100, 4000]), runs, {}).find((r) => r.case === 'delta 100 → 4000');
  assert.equal(growth?.ours, 0.5);
  assert.equal(growth?.met, true);
});

test('cases are found by name', () => {
  assert.deepEqual(
    chosen([100], undefined).map((c) => c.name),
    [
      'delta 100',
      'sotw 100',
      'delta 100 named',
      'sotw 100 named',
      'delta 100 mTLS',
      'delta 100 beside stalled clients',
      'delta 100 beside churning clients',
      'delta 100 beside garbage clients',
      'delta 100 beside greedy clients',
      'delta 100 endurance',
    ],
  );
  assert.throws(() => chosen([100], ['nothing']), /no case "nothing"/);
});
