import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHealthyTracker, READY_WINDOWS } from './healthy.ts';
import { createTraffic, shop, silenced } from './testing/traffic.ts';

const topology = shop();

test('ready after a few clean windows; unclean ones are not taken in', () => {
  const traffic = createTraffic(topology, 1);
  const tracker = createHealthyTracker(topology);
  for (let i = 0; i < READY_WINDOWS - 1; i++) tracker.update(traffic.next(25), true);
  tracker.update(traffic.next(25, { 'web>pay': { http5xx: 1 } }), false);
  assert.equal(tracker.ready(), false);
  const state = tracker.update(traffic.next(25), true);
  assert.equal(tracker.ready(), true);
  const pay = state.edges['web>pay']!;
  assert.equal(pay.windows, READY_WINDOWS);
  assert.ok(pay.goodRatio > 0.95);
  assert.ok(pay.rate > 10 && pay.rate < 20, `${pay.rate}`);
});

test('an edge that is not seen teaches nothing, the others go on', () => {
  const traffic = createTraffic(topology, 2);
  const tracker = createHealthyTracker(topology);
  for (let i = 0; i < 30; i++) tracker.update(traffic.next(25), true);
  const before = tracker.current();
  for (let i = 0; i < 150; i++) tracker.update(silenced(traffic.next(50), 'pay'), true);
  const after = tracker.current();
  assert.deepEqual(after.edges['pay>bank'], before.edges['pay>bank']);
  assert.ok(after.edges['ingress>web']!.rate > 40);
});

test('the p99 of small windows stands near the true one', () => {
  // Latency is 12 ms × exp(0.4 × normal): its 99th percentile is 12 × exp(0.4 × 2.326) = 30.4 ms.
  for (const rate of [12, 40, 150]) {
    const traffic = createTraffic(topology, 7);
    const tracker = createHealthyTracker(topology);
    for (let i = 0; i < 120; i++) tracker.update(traffic.next(rate), true);
    const { p99 } = tracker.current().edges['ingress>web']!;
    assert.ok(p99 > 22 && p99 < 45, `${p99} ms at ${rate}/s`);
  }
});

test('it follows a slow change of rate within minutes and keeps what it knew over a restart', () => {
  const traffic = createTraffic(topology, 3);
  const tracker = createHealthyTracker(topology);
  for (let i = 0; i < 120; i++) tracker.update(traffic.next(20), true);
  for (let i = 0; i < 240; i++) tracker.update(traffic.next(20 + i / 12), true);
  const { rate } = tracker.current().edges['ingress>web']!;
  assert.ok(rate > 30 && rate <= 40, `${rate}`);
  const again = createHealthyTracker(topology, tracker.current());
  assert.equal(again.ready(), true);
  again.update(traffic.next(40), true);
  assert.equal(again.current().edges['ingress>web']!.rate, rate, 'one window does not replace what was known');
});

test('floors: an idle edge gives no ratio to nothing', () => {
  const traffic = createTraffic(topology, 4);
  const tracker = createHealthyTracker(topology);
  for (let i = 0; i < 10; i++) tracker.update(traffic.next(0), true);
  const cart = tracker.current().edges['web>cart']!;
  assert.ok(cart.rate > 0 && cart.p50 > 0 && cart.p99 > 0 && cart.inFlight > 0);
});
