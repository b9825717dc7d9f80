import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EdgeSettings } from '../mesh/settings.ts';
import { strictest, tuningLayer } from './runtime.ts';

const base: EdgeSettings = {
  timeoutMs: 1000,
  retry: { attempts: 0, backoffMs: 25, budgetPercent: 100 },
  failoverShare: 0,
};
const layer = (change: Partial<EdgeSettings>) =>
  tuningLayer([{ prefix: 'out|cart', callee: 'cart', settings: { ...base, ...change } }]);

test('at rest nothing is tuned: absent keys are the undo', () => {
  assert.deepEqual(layer({}), {});
});

const cases: [change: Partial<EdgeSettings>, keys: Record<string, unknown>][] = [
  [
    { maxRequests: 7.4 },
    {
      'circuit_breakers.out|cart.default.max_requests': 7,
      'circuit_breakers.out|cart.default.max_pending_requests': 7,
    },
  ],
  [
    { maxRequests: 0.2 },
    {
      'circuit_breakers.out|cart.default.max_requests': 1,
      'circuit_breakers.out|cart.default.max_pending_requests': 1,
    },
  ],
  [
    { retry: { attempts: 2, backoffMs: 25, budgetPercent: 20 } },
    {
      'circuit_breakers.out|cart.default.retry_budget.budget_percent': 20,
      'circuit_breakers.out|cart.default.retry_budget.min_retry_concurrency': 1,
    },
  ],
  [
    { admission: { aggression: 0.5 } },
    { 'umbra.admission.out|cart.enabled': true, 'umbra.admission.out|cart.max_rejection': 45 },
  ],
  [
    { admission: { aggression: 99 } },
    { 'umbra.admission.out|cart.enabled': true, 'umbra.admission.out|cart.max_rejection': 90 },
  ],
  [
    { outlier: { consecutiveFailures: 2, ejectMs: 15_000, maxEjectionPercent: 60 } },
    {
      'outlier_detection.consecutive_5xx': 2,
      'outlier_detection.base_ejection_time_ms': 15_000,
      'outlier_detection.max_ejection_time_ms': 15_000,
      'outlier_detection.max_ejection_percent': 60,
      'outlier_detection.enforcing_consecutive_5xx': 100,
    },
  ],
];
for (const [change, keys] of cases) test(JSON.stringify(change), () => assert.deepEqual(layer(change), keys));

test('outlier detection holds for a whole proxy: the strictest of what its edges ask for', () => {
  assert.equal(strictest([]), undefined);
  assert.deepEqual(
    strictest([
      { consecutiveFailures: 5, ejectMs: 15_000, maxEjectionPercent: 30 },
      { consecutiveFailures: 2, ejectMs: 5000, maxEjectionPercent: 60 },
    ]),
    { consecutiveFailures: 2, ejectMs: 15_000, maxEjectionPercent: 60 },
  );
});
