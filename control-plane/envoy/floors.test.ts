import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EdgeSettings } from '../mesh/settings.ts';
import { withFloors } from './floors.ts';

const healthy = { rate: 100, p50: 10, p99: 80, inFlight: 2, goodRatio: 1, errorRatio: 0, windows: 30 };
const base: EdgeSettings = {
  timeoutMs: 1000,
  retry: { attempts: 0, backoffMs: 25, budgetPercent: 100 },
  failoverShare: 0,
};

test('an extreme request keeps half of the healthy work possible', () => {
  const extreme = { ...base, timeoutMs: 1, rateLimit: 0.1, maxRequests: 1 };
  assert.deepEqual(withFloors(extreme, healthy), { ...base, timeoutMs: 80, rateLimit: 50, maxRequests: 4 });
});

test('what is above the floors is left alone, and nothing is added', () => {
  const mild = { ...base, timeoutMs: 300, rateLimit: 90, maxRequests: 20 };
  assert.deepEqual(withFloors(mild, healthy), mild);
  assert.deepEqual(withFloors(base, healthy), base);
});

test('no healthy state, no floor', () => {
  const extreme = { ...base, timeoutMs: 1, rateLimit: 0.1 };
  assert.deepEqual(withFloors(extreme, undefined), extreme);
  assert.deepEqual(withFloors(extreme, { ...healthy, windows: 4 }), extreme);
});
