import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noErrors, type Snapshot } from '../mesh/snapshot.ts';
import { createFidelity } from './fidelity.ts';
import { type Comparisons, noComparisons } from './route-fidelity.ts';

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

const counts = (c: Partial<Comparisons>): Comparisons => ({ ...noComparisons, ...c });
const web = { name: 'web', twice: false };
const home = { name: 'home', twice: true };

test('mismatches count in unfaulted windows only, and not right after a fault', () => {
  const f = createFidelity(() => [web]);
  let [compared, statusMismatch] = [0, 0];
  const tick = (faulted: boolean, bad: number) => {
    compared += 10;
    statusMismatch += bad;
    f.record(window('production', 10), window('shadow', faulted ? 2 : 10), faulted, {
      web: counts({ compared, statusMismatch }),
    });
  };
  for (let i = 0; i < 20; i++) tick(false, i === 5 ? 2 : 0);
  for (let i = 0; i < 10; i++) tick(true, 8);
  tick(false, 8);
  tick(false, 8);
  const { score, interval, unfaultedShare, byEdge, routes } = f.read();
  assert.ok(Math.abs(score! - (1 - 2 / 190)) < 1e-9, String(score));
  assert.ok(interval![0] < score! && interval![1] > score!);
  assert.equal(routes[0]?.score, score);
  assert.equal(unfaultedShare, 22 / 32);
  assert.equal(byEdge['ingress>web'], 1);
});

test('each route by itself, with its own floor; nothing of routes nobody declared', () => {
  const f = createFidelity(() => [home, web]);
  const record = (n: number) =>
    f.record(window('production', 10), window('shadow', 10), false, {
      home: counts({ compared: 100 * n, statusMismatch: 50 * n, noiseCompared: 40 * n, noiseMismatch: 20 * n }),
      web: counts({ compared: 100 * n, digestMismatch: 25 * n }),
      unknown: counts({ compared: 900 * n, statusMismatch: 900 * n }),
    });
  record(1);
  record(2);
  const { routes, score, compared } = f.read();
  assert.deepEqual(
    routes.map((r) => [r.route, r.score, r.noiseFloor]),
    [
      ['web', 0.75, undefined],
      ['home', 1, 0.5],
    ],
  );
  assert.equal(compared, 200);
  assert.equal(score, 0.875);
});

test('a route that the documents name later counts from then on, one they drop is gone', () => {
  let routes = [web];
  const f = createFidelity(() => routes);
  const record = (n: number) =>
    f.record(window('production', 10), window('shadow', 10), false, {
      web: counts({ compared: 100 * n }),
      home: counts({ compared: 100 * n }),
    });
  record(1);
  record(2);
  routes = [home];
  assert.deepEqual(f.read().routes, []);
  record(3);
  assert.deepEqual(
    f.read().routes.map((r) => [r.route, r.compared]),
    [['home', 100]],
  );
});

test('production in trouble is no measure', () => {
  const f = createFidelity(() => [web]);
  for (let n = 0; n < 5; n++)
    f.record(window('production', 5), window('shadow', 10), false, { web: counts({ compared: 100 * n }) });
  assert.deepEqual(f.read().routes, []);
});

test('too few comparisons give a reason instead of a number', () => {
  const f = createFidelity(() => [web]);
  for (const compared of [0, 3])
    f.record(window('production', 10), window('shadow', 10), false, { web: counts({ compared }) });
  assert.equal(f.read().score, undefined);
  assert.match(f.read().note!, /too few: 3 answers compared of 50/);
  assert.match(f.read().routes[0]!.note!, /too few/);
});
