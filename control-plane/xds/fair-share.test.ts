import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import fc from 'fast-check';
import { FairShare } from './fair-share.ts';

/** A share of `rate`, and when each that asked was let go, ms. */
function fixture(t: TestContext, rate: number) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  const share = new FairShare(rate, { now: () => now });
  const gone: Record<string, number> = {};
  return {
    gone,
    ask: (name: string, units: number) => share.ask(units, () => (gone[name] = now)),
    pass: (ms: number) => {
      for (let i = 0; i < ms; i++) {
        now++;
        t.mock.timers.tick(1);
      }
    },
  };
}

test('what is saved up is there at once, and no more than a second of it', (t) => {
  const f = fixture(t, 10);
  f.pass(60_000);
  assert.equal(f.ask('a', 10), undefined);
  assert.notEqual(f.ask('b', 1), undefined);
  f.pass(100);
  assert.deepEqual(f.gone, { b: 60_100 });
});

test('those who wait get equal parts: who asks for little is done first', (t) => {
  const f = fixture(t, 1000);
  f.ask('burst', 1000);
  f.ask('large', 3000);
  f.ask('small', 100);
  f.ask('middle', 500);
  f.pass(5000);
  // 100 each, then 400 each of two, then the rest.
  assert.deepEqual(f.gone, { small: 300, middle: 1100, large: 3600 });
});

test('who leaves leaves its part to the others', (t) => {
  const f = fixture(t, 1000);
  f.ask('burst', 1000);
  const leave = f.ask('a', 10_000)!;
  f.ask('b', 1000);
  f.pass(500);
  assert.equal(leave(), 250);
  f.pass(5000);
  assert.deepEqual(f.gone, { b: 1250 });
});

test('a clock set back gives nothing', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 1000;
  const share = new FairShare(10, { now: () => now });
  share.ask(10, () => {});
  now = 0;
  assert.notEqual(
    share.ask(1, () => assert.fail()),
    undefined,
  );
});

test('over any while no more passes than the rate, nothing is lost, and each waits no longer than if all had asked for as much', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ at: fc.nat(2000), units: fc.integer({ min: 1, max: 3000 }) }), {
        minLength: 1,
        maxLength: 12,
      }),
      (asks) => {
        const rate = 1000;
        const sorted = asks.toSorted((a, b) => a.at - b.at);
        const gone: number[] = [];
        let now = 0;
        const timers = new Map<number, () => void>();
        const real = { set: globalThis.setTimeout, clear: globalThis.clearTimeout };
        let id = 0;
        // Time goes from timer to timer.
        globalThis.setTimeout = ((run: () => void, ms: number) => {
          timers.clear();
          timers.set(now + ms, run);
          return ++id;
        }) as never;
        globalThis.clearTimeout = (() => timers.clear()) as never;
        try {
          const share = new FairShare(rate, { now: () => now });
          const runUntil = (end: number) => {
            for (let next = [...timers][0]; next && next[0] <= end; next = [...timers][0]) {
              timers.clear();
              now = next[0];
              next[1]();
            }
            now = end;
          };
          sorted.forEach(({ at, units }, i) => {
            runUntil(at);
            if (share.ask(units, () => (gone[i] = now)) === undefined) gone[i] = now;
          });
          runUntil(1_000_000);
        } finally {
          globalThis.setTimeout = real.set;
          globalThis.clearTimeout = real.clear;
        }
        sorted.forEach(({ at, units }, i) => {
          const waited = gone[i]! - at;
          const most = sorted.reduce((sum, other) => sum + Math.min(other.units, units), 0);
          assert.ok(waited <= most + sorted.length + 1, `${units} at ${at} waited ${waited}, at most ${most}`);
          const before = sorted.reduce((sum, other, k) => sum + (gone[k]! <= gone[i]! ? other.units : 0), 0);
          assert.ok(before <= rate + (gone[i]! / 1000) * rate + 1e-6, 'more than there was');
        });
      },
    ),
  );
});
