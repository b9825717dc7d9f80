import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from './messages.ts';

const cases: [ms: number, seconds: bigint, nanos: number][] = [
  [0, 0n, 0],
  [0.25, 0n, 250_000],
  [1500, 1n, 500_000_000],
  [999.999999, 0n, 999_999_999],
  [999.9999999999998, 1n, 0],
  [86_400_000, 86_400n, 0],
];
for (const [ms, seconds, nanos] of cases)
  test(`${ms} ms`, () => {
    const d = duration(ms);
    assert.deepEqual([d.seconds, d.nanos], [seconds, nanos]);
  });
