import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdTime, parseAffliction } from './affliction.ts';

const bad: [text: string, problem: RegExp][] = [
  ['', /no JSON/],
  ['[]', /an object/],
  ['null', /an object/],
  ['{"flood":1}', /unknown affliction "flood"/],
  ['{"toString":1}', /unknown affliction/],
  ['{"delayMs":"2s"}', /delayMs must be a number/],
  ['{"delayMs":-1}', /delayMs must be a number/],
  ['{"delayMs":1e999}', /delayMs must be a number/],
  ['{"hang":1}', /hang must be a boolean/],
  ['{"burn":{"busyMs":1}}', /burn needs the numbers busyMs, freeMs/],
  ['{"contention":null}', /contention needs/],
];
for (const [text, problem] of bad) {
  test(`${text || 'nothing'} is no affliction`, () => {
    const parsed = parseAffliction(text);
    assert.ok(typeof parsed === 'string', JSON.stringify(parsed));
    assert.match(parsed, problem);
  });
}

test('an affliction is taken as it is', () => {
  const affliction = { delayMs: 5, hang: false, crash: { afterRequests: 1, dyingMs: 0 } };
  assert.deepEqual(parseAffliction(JSON.stringify(affliction)), affliction);
});

test('a lock is held longer the more wait, up to its most', () => {
  const contention = { baseMs: 10, perWaitingMs: 5, maxMs: 40 };
  assert.deepEqual(
    [0, 2, 6, 60].map((waiting) => holdTime(contention, waiting)),
    [10, 20, 40, 40],
  );
});
