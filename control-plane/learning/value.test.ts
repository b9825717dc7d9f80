import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costOf, windowValue } from './value.ts';

const usual = { offered: 30, good: 30 };
const entry = (offered: number, good: number, protectedOffered = 0, protectedGood = 0) => ({
  offered,
  good,
  failed: offered - good,
  protectedOffered,
  protectedGood,
});

test('good ÷ offered in ordinary times', () => {
  assert.equal(windowValue(entry(30, 15), usual), 0.5);
  assert.equal(windowValue(entry(0, 0), usual), 1);
  assert.equal(windowValue(entry(20, 20, 5, 5), usual), 1);
});

test('beyond capacity the usual goodput and the protected count', () => {
  assert.equal(windowValue(entry(90, 30, 20, 20), usual), 1);
  assert.equal(windowValue(entry(90, 30, 20, 0), usual), 0.5);
  assert.equal(windowValue(entry(90, 0, 20, 0), usual), 0);
  assert.equal(windowValue(entry(90, 15), usual), 0.5);
  const between = windowValue(entry(37.5, 30, 10, 10), usual);
  assert.ok(between > 0.8 && between < 1, String(between));
});

test('odd numbers give a value between 0 and 1', () => {
  for (const x of [Number.NaN, -5, Number.POSITIVE_INFINITY])
    for (const v of [windowValue(entry(x, x, x, x), usual), windowValue(entry(30, 30), { offered: x, good: x })])
      assert.ok(v >= 0 && v <= 1, `${x} → ${v}`);
});

test('each mitigation in force costs', () => {
  assert.equal(costOf([]), 0);
  assert.ok(costOf(['scale', 'retry']) > costOf(['scale']));
});
