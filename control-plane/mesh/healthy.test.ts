import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EdgeSample, healthyEdge, healthyService } from './healthy.ts';

const sample = (more: Partial<EdgeSample> = {}): EdgeSample => ({
  rate: 20,
  good: 19,
  failed: 1,
  inFlight: 0,
  latency: { p50: 200, p90: 300, p99: 400 },
  ...more,
});
const silent = sample({ rate: 0, good: 0, failed: 0, latency: { p50: 0, p90: 0, p99: 0 } });

test('an edge: medians, counts over all windows, in flight by Little’s law where gauges read 0', () => {
  const odd = sample({ latency: { p50: 900, p90: 950, p99: 990 } });
  assert.deepEqual(healthyEdge([sample(), odd, sample()]), {
    rate: 20,
    p50: 200,
    p99: 990,
    inFlight: 4,
    goodRatio: 0.95,
    errorRatio: 0.05,
    windows: 3,
  });
});

test('windows without an answer say nothing of latency, but count for the rate', () => {
  const quiet = healthyEdge([silent, sample({ rate: 1, good: 1, failed: 0 }), silent, silent]);
  assert.deepEqual([quiet.rate, quiet.p50, quiet.p99, quiet.goodRatio], [0.25, 200, 400, 1]);
});

test('what was never used stands at its floors', () => {
  assert.deepEqual(healthyEdge([silent]), {
    rate: 0.2,
    p50: 1,
    p99: 5,
    inFlight: 1,
    goodRatio: 1,
    errorRatio: 0,
    windows: 1,
  });
  assert.deepEqual(healthyService([{ cpu: 0, memory: 0, replicas: 0 }]), {
    cpu: 0.02,
    memory: 1 << 20,
    replicas: 1,
    windows: 1,
  });
});

test('a service: the median of its windows', () => {
  const at = (cpu: number) => ({ cpu, memory: cpu * 2 ** 30, replicas: 2 });
  assert.deepEqual(healthyService([at(0.9), at(0.3), at(0.25)]), {
    cpu: 0.3,
    memory: 0.3 * 2 ** 30,
    replicas: 2,
    windows: 3,
  });
});
