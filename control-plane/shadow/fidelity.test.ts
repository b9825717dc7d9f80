import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noErrors, type Snapshot } from '../mesh/snapshot.ts';
import { createFidelity } from './fidelity.ts';

const window = (world: 'production' | 'shadow', good: number): Snapshot => ({
  world,
  at: 0,
  windowMs: 1000,
  entry: { offered: 10, good, failed: 10 - good, protectedOffered: 0, protectedGood: 0 },
  edges: {
    'ingress>web': {
      rate: 10,
      good,
      failed: 10 - good,
      errors: noErrors(),
      latency: { p50: 5, p90: 6, p99: 7 },
      inFlight: 0,
      retries: 0,
      hosts: 1,
      healthyHosts: 1,
      ejectedHosts: 0,
    },
  },
  services: {},
  gaps: [],
});

test('mismatches count in unfaulted windows only, and not right after a fault', () => {
  const f = createFidelity();
  let [compared, statusMismatch] = [0, 0];
  const tick = (faulted: boolean, bad: number) => {
    compared += 10;
    statusMismatch += bad;
    f.record(window('production', 10), window('shadow', faulted ? 2 : 10), faulted, {
      compared,
      statusMismatch,
      digestMismatch: 0,
    });
  };
  for (let i = 0; i < 20; i++) tick(false, i === 5 ? 2 : 0);
  for (let i = 0; i < 10; i++) tick(true, 8);
  tick(false, 8);
  tick(false, 8);
  const { score, unfaultedShare, byEdge } = f.read();
  assert.ok(Math.abs(score! - (1 - 2 / 190)) < 1e-9, String(score));
  assert.equal(unfaultedShare, 22 / 32);
  assert.equal(byEdge['ingress>web'], 1);
});

test('too few comparisons give a reason instead of a number', () => {
  const f = createFidelity();
  f.record(window('production', 10), window('shadow', 10), false, {
    compared: 3,
    statusMismatch: 0,
    digestMismatch: 0,
  });
  assert.equal(f.read().score, undefined);
  assert.match(f.read().note!, /0 answers compared/);
});
