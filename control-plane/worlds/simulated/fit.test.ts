import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rngOf } from '../../mesh/rng.ts';
import type { HealthyState } from '../../mesh/snapshot.ts';
import { fitSpec } from './fit.ts';
import { meshOf } from './fixtures.ts';
import { Simulation } from './simulation.ts';

const edge = (rate: number, p50: number, p99: number) => ({
  rate,
  p50,
  p99,
  inFlight: 1,
  goodRatio: 1,
  errorRatio: 0,
  windows: 60,
});
const service = { cpu: 0.05, memory: 30e6, replicas: 1, windows: 60 };
const { topology } = meshOf(
  { front: {}, left: {}, right: { failover: 'spare' }, spare: {} },
  { 'ingress>front': {}, 'front>left': {}, 'front>right': {} },
);
const healthy: HealthyState = {
  edges: { 'ingress>front': edge(30, 40, 90), 'front>left': edge(30, 8, 20), 'front>right': edge(12, 20, 60) },
  services: { front: service, left: service, right: service },
  goodput: 30,
};

test('draws around an application behave as it does when it is well', () => {
  const rng = rngOf(2);
  const mean = { offered: 0, left: 0, right: 0, p50: 0, good: 0 };
  const draws = 30;
  for (let k = 0; k < draws; k++) {
    const sim = Simulation.of({ ...fitSpec(topology, healthy, rng), noise: 0, weather: { share: 0, meanMs: 0 } }, k);
    for (let i = 0; i < 5; i++) sim.run();
    const w = sim.window();
    mean.offered += w.entry.offered / draws;
    mean.good += w.entry.good / w.entry.offered / draws;
    mean.left += w.edges['front>left']!.rate / draws;
    mean.right += w.edges['front>right']!.rate / draws;
    mean.p50 += w.edges['ingress>front']!.latency.p50 / draws;
  }
  const near = (x: number, wanted: number) => Math.abs(x - wanted) < 0.25 * wanted;
  assert.ok(mean.good > 0.97, JSON.stringify(mean));
  assert.ok(near(mean.offered, 30) && near(mean.left, 30) && near(mean.right, 12), JSON.stringify(mean));
  assert.ok(near(mean.p50, 40), JSON.stringify(mean));
});

test('draws differ, and an application without a healthy state can be drawn as well', () => {
  const rng = rngOf(2);
  assert.notDeepEqual(fitSpec(topology, healthy, rng), fitSpec(topology, healthy, rng));
  const sim = Simulation.of(fitSpec(topology, { edges: {}, services: {}, goodput: 0 }, rng), 1);
  const { entry } = sim.window();
  assert.ok(entry.offered >= 0 && Number.isFinite(entry.good));
});
