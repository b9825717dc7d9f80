import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHealthyTracker, READY_WINDOWS } from './healthy.ts';
import { createTraffic, shop, silenced } from './testing/traffic.ts';

const topology = shop();

test('ready after a few clean windows; unclean ones are not taken in', () => {
  const traffic = createTraffic(topology, 1);
  const tracker = createHealthyTracker(topology);
  for (let i = 0; i < READY_WINDOWS - 1; i++) tracker.update(traffic.next(25), 'clean');
  tracker.update(traffic.next(25, { 'web>pay': { http5xx: 1 } }), 'unwell');
  assert.equal(tracker.ready(), false);
  const state = tracker.update(traffic.next(25), 'clean');
  assert.equal(tracker.ready(), true);
  const pay = state.edges['web>pay']!;
  assert.equal(pay.windows, READY_WINDOWS);
  assert.ok(pay.goodRatio > 0.95);
  assert.ok(pay.rate > 10 && pay.rate < 20, `${pay.rate}`);
});

test('an edge that is not seen teaches nothing, the others go on', () => {
  const traffic = createTraffic(topology, 2);
  const tracker = createHealthyTracker(topology);
  for (let i = 0; i < 30; i++) tracker.update(traffic.next(25), 'clean');
  // Nothing is held any more.
  const before = tracker.update(traffic.next(25), 'touched');
  for (let i = 0; i < 150; i++) tracker.update(silenced(traffic.next(50), 'pay'), 'clean');
  const after = tracker.current();
  assert.deepEqual(after.edges['pay>bank'], before.edges['pay>bank']);
  assert.ok(after.edges['ingress>web']!.rate > 40);
});

test('the p99 of small windows stands near the true one', () => {
  // Latency is 12 ms × exp(0.4 × normal): its 99th percentile is 12 × exp(0.4 × 2.326) = 30.4 ms.
  for (const rate of [12, 40, 150]) {
    const traffic = createTraffic(topology, 7);
    const tracker = createHealthyTracker(topology);
    for (let i = 0; i < 120; i++) tracker.update(traffic.next(rate), 'clean');
    const { p99 } = tracker.current().edges['ingress>web']!;
    assert.ok(p99 > 22 && p99 < 45, `${p99} ms at ${rate}/s`);
  }
});

test('it follows a slow change of rate within minutes and keeps what it knew over a restart', () => {
  const traffic = createTraffic(topology, 3);
  const tracker = createHealthyTracker(topology);
  for (let i = 0; i < 120; i++) tracker.update(traffic.next(20), 'clean');
  for (let i = 0; i < 240; i++) tracker.update(traffic.next(20 + i / 12), 'clean');
  const { rate } = tracker.current().edges['ingress>web']!;
  assert.ok(rate > 30 && rate <= 40, `${rate}`);
  const again = createHealthyTracker(topology, tracker.current());
  assert.equal(again.ready(), true);
  again.update(traffic.next(40), 'clean');
  again.update(traffic.next(40), 'touched');
  assert.equal(again.current().edges['ingress>web']!.rate, rate, 'one window does not replace what was known');
});

test('floors: an idle edge gives no ratio to nothing', () => {
  const traffic = createTraffic(topology, 4);
  const tracker = createHealthyTracker(topology);
  for (let i = 0; i < 10; i++) tracker.update(traffic.next(0), 'clean');
  const cart = tracker.current().edges['web>cart']!;
  assert.ok(cart.rate > 0 && cart.p50 > 0 && cart.p99 > 0 && cart.inFlight > 0);
});

/** A tracker that is long ready, and the windows its entry's state is taken from. */
function learned(seed: number) {
  const traffic = createTraffic(topology, seed);
  const tracker = createHealthyTracker(topology);
  for (let i = 0; i < 20; i++) tracker.update(traffic.next(25), 'clean');
  return { traffic, tracker, windows: () => tracker.current().edges['ingress>web']!.windows };
}

test('the unnoticed beginning of a trouble teaches nothing, however often there is trouble', () => {
  const { traffic, tracker } = learned(5);
  const failing = { 'web>pay': { http5xx: 0.5 } };
  for (let i = 0; i < 10; i++) {
    for (let j = 0; j < 3; j++) tracker.update(traffic.next(25, failing), 'clean');
    for (let j = 0; j < 5; j++) tracker.update(traffic.next(25, failing), 'unwell');
    for (let j = 0; j < 8; j++) tracker.update(traffic.next(25), 'clean');
  }
  const { goodRatio } = tracker.current().edges['ingress>web']!;
  assert.ok(goodRatio > 0.99, `${goodRatio}`);
});

test('a clean window counts once five others followed; an unwell one drops what is held', () => {
  const { traffic, tracker, windows } = learned(6);
  assert.equal(windows(), 15);
  tracker.update(traffic.next(25), 'unwell');
  for (let i = 0; i < 5; i++) tracker.update(traffic.next(25), 'clean');
  assert.equal(windows(), 15);
  tracker.update(traffic.next(25), 'clean');
  assert.equal(windows(), 16);
});

test('a touched window takes in what is held, and not itself', () => {
  const { traffic, tracker, windows } = learned(7);
  for (let i = 0; i < 3; i++) tracker.update(traffic.next(25, { 'ingress>web': { http5xx: 1 } }), 'touched');
  assert.equal(windows(), 20);
  assert.ok(tracker.current().edges['ingress>web']!.goodRatio > 0.98);
});

test('a symptom every few windows does not end all learning', () => {
  for (const period of [2, 4, 6, 7]) {
    const { traffic, tracker } = learned(9);
    for (let i = 0; i < 600; i++) tracker.update(traffic.next(50), i % period === 0 ? 'unwell' : 'clean');
    const { rate } = tracker.current().edges['ingress>web']!;
    assert.ok(rate > 45, `${rate} with one every ${period} windows`);
  }
});

test('after a restart windows are held back from the first', () => {
  const { traffic, tracker } = learned(8);
  const again = createHealthyTracker(topology, tracker.current());
  for (let i = 0; i < READY_WINDOWS + 4; i++) again.update(traffic.next(40), 'clean');
  again.update(traffic.next(40), 'unwell');
  assert.deepEqual(again.current().edges, tracker.current().edges);
});
