import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rngOf } from '../mesh/rng.ts';
import type { EdgeId } from '../mesh/topology.ts';
import { createTraffic, shop } from '../telemetry/testing/traffic.ts';
import { createCostMeter } from './production-cost.ts';

interface Second {
  readonly faulted?: boolean;
  readonly troubled?: boolean;
  /** Share of answers lost and milliseconds added at the entry. */
  readonly lost?: number;
  readonly addedMs?: number;
  readonly copies?: number;
  readonly cpu?: number;
}

/** A production whose seconds go as told; answers with the meter and its clock. */
function production(seed = 1) {
  const topology = shop();
  const meter = createCostMeter(topology.entry);
  const traffic = createTraffic(topology, seed, { start: 0 });
  const rng = rngOf(seed);
  let [copies, cpuSeconds, at] = [1000, 5, 0];
  return {
    meter,
    now: () => at,
    run(count: number, second: Second = {}) {
      const { faulted = false, troubled = false, lost = 0, addedMs = 0 } = second;
      for (let i = 0; i < count; i++) {
        const s = traffic.next(50, {});
        at = s.at;
        const entry: EdgeId = topology.entry;
        const edge = s.edges[entry]!;
        const p99 = 80 + 20 * rng.normal() + addedMs;
        copies += second.copies ?? 50;
        cpuSeconds += second.cpu ?? 0.02;
        const snapshot = {
          ...s,
          entry: { ...s.entry, good: s.entry.good * (1 - lost) },
          edges: { ...s.edges, [entry]: { ...edge, latency: { ...edge.latency, p99 } } },
        };
        meter.window(snapshot, { copies, cpuSeconds }, faulted, troubled);
      }
      return at;
    },
  };
}

test('an episode that production did not notice costs the copies’ CPU and nothing else', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const p = production(seed);
    const from = p.run(60);
    const to = p.run(20, { faulted: true });
    const cost = p.meter.between(from, to);
    assert.equal(cost.lostGood, 0, `seed ${seed}`);
    assert.ok(cost.addedP99Ms! < 20, `seed ${seed}: ${cost.addedP99Ms}`);
    // About as many copies as requests: half of 20 × 0.02 s.
    assert.ok(Math.abs(cost.mirrorCpuSeconds! - 0.2) < 0.02, `seed ${seed}: ${cost.mirrorCpuSeconds}`);
  }
});

test('lost answers and a later p99 are measured against the quiet before', () => {
  const p = production();
  p.run(60);
  p.run(30, { faulted: true, lost: 0.5 });
  const from = p.run(20);
  const to = p.run(20, { faulted: true, lost: 0.1, addedMs: 100 });
  const { lostGood, addedP99Ms } = p.meter.between(from, to);
  // A tenth of 50 requests a second for 20 s.
  assert.ok(Math.abs(lostGood! - 100) < 25, `${lostGood}`);
  assert.ok(Math.abs(addedP99Ms! - 100) < 30, `${addedP99Ms}`);
});

test('production’s own trouble is not charged', () => {
  const p = production();
  const from = p.run(60);
  p.run(10, { faulted: true });
  const to = p.run(10, { faulted: true, troubled: true, lost: 0.6, addedMs: 900 });
  const cost = p.meter.between(from, to);
  assert.equal(cost.lostGood, 0);
  assert.ok(cost.addedP99Ms! < 30, `${cost.addedP99Ms}`);
});

test('no copies, no CPU for them; nothing to compare with, nothing claimed', () => {
  const p = production();
  const from = p.run(2);
  const to = p.run(5, { faulted: true, copies: 0 });
  assert.deepEqual(p.meter.between(from, to), { mirrorCpuSeconds: 0 });
  assert.deepEqual(p.meter.between(to + 60_000, to + 90_000), {});
});

test('a proxy whose CPU nobody measures has no CPU to charge', () => {
  const topology = shop();
  const meter = createCostMeter(topology.entry);
  const traffic = createTraffic(topology, 1, { start: 0 });
  for (let i = 0; i < 20; i++) meter.window(traffic.next(50, {}), { copies: i * 50 }, i >= 10, false);
  assert.equal(meter.between(10_000, 20_000).mirrorCpuSeconds, undefined);
});
