import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago, atLeast, countdown, healthOf, ms, num, pct, rate, signed } from './format.ts';

const cases: [name: string, got: string, expected: string][] = [
  ['all is 100%', pct(1), '100%'],
  ['just below all is not 100%', pct(0.9999), '99.9%'],
  ['nor without decimals', pct(0.9999, 0), '99%'],
  ['a plain share', pct(0.973), '97.3%'],
  ['no decimals that say nothing', pct(0.8), '80%'],
  ['more than all', pct(1.05), '105%'],
  ['unknown share', pct(undefined), '–'],
  ['null, as JSON has NaN', pct(null), '–'],
  ['NaN', num(Number.NaN), '–'],
  ['infinite', num(Number.POSITIVE_INFINITY), '–'],
  ['signed above', signed(0.214), '+0.21'],
  ['signed below, with a true minus', signed(-0.214), '−0.21'],
  ['zero has no sign', signed(0), '0.00'],
  ['small rate', rate(6.24), '6.2'],
  ['large rate', rate(1234.5), '1235'],
  ['milliseconds', ms(89.4), '89 ms'],
  ['seconds', ms(1540), '1.5 s'],
  ['a list that is whole', atLeast(49, 50), '49'],
  ['a list that was cut', atLeast(50, 50), '50 or more'],
  ['under a minute', countdown(42_400), '0:42'],
  ['minutes', countdown(725_000), '12:05'],
  ['hours', countdown(11_045_000), '3:04:05'],
  ['over', countdown(-5_000), '0:00'],
  ['now', ago(900), 'just now'],
  ['seconds ago', ago(42_000), '42 s ago'],
  ['minutes ago', ago(300_000), '5 min ago'],
  ['from the future', ago(-4_000), 'just now'],
];
for (const [name, got, expected] of cases) test(`format: ${name}`, () => assert.equal(got, expected));

test('health has its limits', () => {
  assert.deepEqual([1, 0.99, 0.98, 0.9, 0.89, 0, undefined].map(healthOf), [
    'good',
    'good',
    'warn',
    'warn',
    'bad',
    'bad',
    'idle',
  ]);
});
