import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diagnosis } from '../mesh/record.ts';
import type { EdgeId } from '../mesh/topology.ts';
import { createDetector, type Detector } from './detector.ts';
import { createHealthyTracker, type HealthyTracker } from './healthy.ts';
import { createTraffic, shop, silenced, type Traffic, type Trouble } from './testing/traffic.ts';

const topology = shop();

interface Bench {
  readonly traffic: Traffic;
  readonly tracker: HealthyTracker;
  readonly detector: Detector;
  step(rate: number, troubles?: Record<EdgeId, Trouble>): Diagnosis;
}

function bench(seed: number): Bench {
  const traffic = createTraffic(topology, seed);
  const tracker = createHealthyTracker(topology);
  const detector = createDetector(topology);
  return {
    traffic,
    tracker,
    detector,
    step(rate, troubles) {
      const snapshot = traffic.next(rate, troubles);
      const diagnosis = detector.update(snapshot, tracker.current());
      tracker.update(snapshot, diagnosis.impaired || diagnosis.symptoms.length > 0 ? 'unwell' : 'clean');
      return diagnosis;
    },
  };
}

function warm(seed: number, rate = 25): Bench {
  const b = bench(seed);
  for (let i = 0; i < 40; i++) b.step(rate);
  return b;
}

/** Windows of trouble until users count as impaired; Infinity when never within `limit`. */
function delay(b: Bench, rate: number, troubles: Record<EdgeId, Trouble>, limit = 20): [number, Diagnosis] {
  let d = b.step(rate, troubles);
  for (let i = 1; i <= limit; i++) {
    if (d.impaired) return [i, d];
    d = b.step(rate, troubles);
  }
  return [Number.POSITIVE_INFINITY, d];
}

test('six hours of healthy Poisson traffic raise no alarm', () => {
  for (const [seed, rate] of [
    [1, 25],
    [2, 25],
    [3, 8],
    [4, 60],
  ] as const) {
    const b = bench(seed);
    let impaired = 0;
    let symptoms = 0;
    const windows = 5400;
    for (let i = 0; i < windows; i++) {
      const d = b.step(rate);
      if (d.impaired) impaired++;
      symptoms += d.symptoms.length;
    }
    assert.equal(impaired, 0, `seed ${seed} at ${rate}/s`);
    // Symptoms open no incident, but they must be rare as well: below one window in two hundred.
    assert.ok(symptoms < windows / 200, `${symptoms} symptoms in ${windows} windows at ${rate}/s`);
  }
});

test('one bad second, however bad, is no alarm', () => {
  for (let seed = 10; seed < 20; seed++) {
    const b = warm(seed);
    let impaired = b.step(25, { 'ingress>web': { http5xx: 1 } }).impaired;
    for (let i = 0; i < 10; i++) impaired ||= b.step(25).impaired;
    assert.equal(impaired, false, `seed ${seed}`);
  }
});

const onsets: [string, Record<EdgeId, Trouble>, number, string, string][] = [
  ['all calls to pay fail', { 'web>pay': { http5xx: 1 } }, 3, 'pay', 'errors'],
  ['half of the calls to pay fail', { 'web>pay': { http5xx: 0.5 } }, 4, 'pay', 'errors'],
  ['pay times out', { 'web>pay': { timeout: 0.6 } }, 3, 'pay', 'timeouts'],
  ['pay answers too late', { 'web>pay': { addedMs: 500 } }, 3, 'pay', 'slow'],
  [
    'the bank fails and pay with it',
    { 'pay>bank': { http5xx: 0.9 }, 'web>pay': { http5xx: 0.9 } },
    3,
    'bank',
    'errors',
  ],
];
for (const [name, troubles, within, origin, kind] of onsets) {
  test(`${name}: seen within ${within} windows, its origin named`, () => {
    for (let seed = 30; seed < 36; seed++) {
      const b = warm(seed);
      const [windows, first] = delay(b, 25, troubles);
      assert.ok(windows <= within, `seed ${seed}: ${windows} windows`);
      const later = b.step(25, troubles);
      const best = (first.origins[0] ?? later.origins[0])?.service;
      assert.equal(best, origin, `seed ${seed}: ${JSON.stringify(first)}`);
      assert.ok(later.symptoms.some((s) => s.kind === kind && 'edge' in s.target && s.target.edge.endsWith(origin)));
      assert.ok(later.symptoms.some((s) => s.kind === 'goodput'));
    }
  });
}

test('fifteen percent of failures at the entry are seen within five windows in the median', () => {
  const delays: number[] = [];
  for (let seed = 50; seed < 71; seed++) delays.push(delay(warm(seed), 25, { 'web>pay': { http5xx: 0.25 } })[0]);
  delays.sort((a, b) => a - b);
  assert.ok(delays[10]! <= 5, `${delays}`);
  assert.ok(delays.every(Number.isFinite), `${delays}`);
});

test('an edge that may be missing ails without the users', () => {
  const b = warm(80);
  const [windows, d] = delay(b, 25, { 'web>cart': { http5xx: 1 } }, 10);
  assert.equal(windows, Number.POSITIVE_INFINITY);
  assert.equal(d.origins[0]?.service, 'cart');
});

test('recovery takes three good windows, and ends the alarm', () => {
  for (let seed = 90; seed < 95; seed++) {
    const b = warm(seed);
    delay(b, 25, { 'web>pay': { http5xx: 1 } });
    for (let i = 0; i < 10; i++) assert.equal(b.step(25, { 'web>pay': { http5xx: 0.7 } }).impaired, true);
    const after: boolean[] = [];
    for (let i = 0; i < 6; i++) after.push(b.step(25).impaired);
    assert.deepEqual(after.slice(0, 2), [true, true]);
    assert.ok(after.includes(false), `seed ${seed}: ${after}`);
  }
});

test('a silent entry is no recovery, and what was said of silent edges stands', () => {
  const b = warm(96);
  delay(b, 25, { 'web>pay': { http5xx: 1 } });
  const unseen = (...callers: string[]) =>
    b.detector.update(silenced(b.traffic.next(25, { 'web>pay': { http5xx: 1 } }), ...callers), b.tracker.current());
  for (let i = 0; i < 6; i++) {
    const d = unseen('ingress', 'web');
    assert.equal(d.impaired, true);
    assert.ok(d.goodRatio < 0.8, `${d.goodRatio}`);
    assert.equal(d.origins[0]?.service, 'pay');
  }
  const after: boolean[] = [];
  for (let i = 0; i < 6; i++) after.push(b.step(25).impaired);
  assert.deepEqual(after.slice(0, 2), [true, true], 'three windows that were seen');
  assert.ok(after.includes(false));
});

test('users who ask for nothing are well', () => {
  const b = warm(97);
  delay(b, 25, { 'web>pay': { http5xx: 1 } });
  const after = [0, 0, 0, 0].map((rate) => b.step(rate).impaired);
  assert.equal(after.at(-1), false);
});

test('a surge that is served is a symptom, not an impairment; one that starves the protected priority is both', () => {
  const served = warm(100);
  const [never, d] = delay(served, 90, {}, 8);
  assert.equal(never, Number.POSITIVE_INFINITY);
  assert.ok(d.symptoms.some((s) => s.kind === 'surge'));
  const starved = warm(101);
  const [windows, e] = delay(starved, 90, { 'ingress>web': { http5xx: 0.8 } });
  assert.ok(windows <= 3);
  assert.ok(e.symptoms.some((s) => s.kind === 'surge'));
});

test('a callee that hangs is seen before its first time-out', () => {
  const b = warm(110);
  let d: Diagnosis | undefined;
  let pending = 0;
  for (let i = 0; i < 2; i++) {
    const s = b.traffic.next(25);
    pending += s.entry.offered;
    const stuck = (id: EdgeId, n: number) => ({
      ...s.edges[id]!,
      good: 0,
      failed: 0,
      errors: s.edges[id]!.errors,
      inFlight: n,
    });
    const hung = {
      ...s,
      entry: { ...s.entry, good: 0, failed: 0, protectedGood: 0 },
      edges: { ...s.edges, 'ingress>web': stuck('ingress>web', pending), 'web>pay': stuck('web>pay', pending) },
    };
    d = b.detector.update(hung, b.tracker.current());
  }
  assert.equal(d!.impaired, true);
  assert.equal(d!.origins[0]?.service, 'pay');
});

test('before the healthy state is ready nothing is judged', () => {
  const b = bench(120);
  for (let i = 0; i < 5; i++) {
    const snapshot = b.traffic.next(25, { 'ingress>web': { http5xx: 1 } });
    assert.equal(b.detector.update(snapshot, b.tracker.current()).impaired, false);
  }
});

test('odd numbers in a snapshot do not throw and do not alarm', () => {
  const b = warm(130);
  const s = b.traffic.next(25);
  const odd = { ...s.edges['web>pay']!, rate: Number.NaN, good: Number.NaN, inFlight: Number.POSITIVE_INFINITY };
  for (let i = 0; i < 4; i++)
    assert.equal(
      b.detector.update({ ...s, edges: { ...s.edges, 'web>pay': odd } }, b.tracker.current()).impaired,
      false,
    );
});

test('the few with the protected priority fail and nobody else: seen, and over only when they are well', () => {
  for (let seed = 140; seed < 146; seed++) {
    const b = warm(seed);
    const failing = (): Diagnosis => {
      const s = b.traffic.next(25);
      const rare = { protectedOffered: 2, protectedGood: 0, good: Math.max(0, s.entry.good - 2) };
      return b.detector.update({ ...s, entry: { ...s.entry, ...rare } }, b.tracker.current());
    };
    const seen: boolean[] = [];
    for (let i = 0; i < 6; i++) seen.push(failing().impaired);
    assert.ok(seen.slice(0, 5).includes(true), `seed ${seed}: ${seen}`);
    for (let i = 0; i < 6; i++) assert.equal(failing().impaired, true);
    const after: boolean[] = [];
    for (let i = 0; i < 6; i++) after.push(b.step(25).impaired);
    assert.ok(after.includes(false), `seed ${seed}: ${after}`);
  }
});
