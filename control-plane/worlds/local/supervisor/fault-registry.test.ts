import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../../mesh/clock.ts';
import { FaultRegistry } from './fault-registry.ts';

/** A registry over one mock that breaks when `breaks` resolves and mends only while `mends` is set, on a clock that the test moves. */
function scene(t: TestContext) {
  const state = { now: 1000, breaks: Promise.resolve(), mends: true, broken: false };
  const sleepers = new Set<{ until: number; wake: () => void }>();
  const clock: Clock = {
    now: () => state.now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { until: state.now + ms, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper);
          reject(signal.reason);
        });
      }),
  };
  const said: string[] = [];
  const unhandled: unknown[] = [];
  const onUnhandled = (e: unknown) => unhandled.push(e);
  process.on('unhandledRejection', onUnhandled);
  t.after(() => process.off('unhandledRejection', onUnhandled));
  const faults = new FaultRegistry({
    clock,
    runtime: { world: 'shadow', replicas: () => [] },
    externals: {
      async breakMock() {
        await state.breaks;
        state.broken = true;
      },
      async mendMock() {
        if (!state.mends) throw new Error('the mock did not mend');
        state.broken = false;
      },
      mockFaults: () => (state.broken ? [{ id: 'f', mode: 'slow', delayMs: 1, share: 1, expiresAt: 0 }] : []),
    },
    users: { socket: '/nowhere', paths: [] },
    filterState: async () => undefined,
    bound: () => 0,
    say: (line) => said.push(line),
  });
  return {
    state,
    faults,
    said,
    unhandled,
    make: () => faults.apply('f', { kind: 'dependency', service: 'bank', mode: 'slow', delayMs: 1, share: 1 }, 2000),
    async pass(ms: number) {
      state.now += ms;
      for (const s of [...sleepers])
        if (s.until <= state.now) {
          sleepers.delete(s);
          s.wake();
        }
      await turn();
    },
  };
}

test('a fault ends at its own time', async (t) => {
  const { make, pass, state, faults } = scene(t);
  assert.equal((await make()).inPlace, true);
  await pass(1000);
  assert.equal(state.broken, false);
  assert.deepEqual(faults.ids(), []);
});

test('one that cannot be taken back kills nobody: it stays listed, is told, and tried again', async (t) => {
  const { make, pass, state, faults, said, unhandled } = scene(t);
  await make();
  state.mends = false;
  await pass(1000);
  assert.deepEqual(unhandled, []);
  assert.deepEqual(faults.ids(), ['f']);
  assert.match(said.join('\n'), /f is not taken back yet: the mock did not mend/);
  await assert.rejects(faults.clear('f'), /did not mend/);
  state.mends = true;
  await pass(2000);
  assert.equal(state.broken, false);
  assert.deepEqual(faults.ids(), []);
  assert.deepEqual(unhandled, []);
});

test('one that is taken back while it is still being made does not stay', async (t) => {
  const { make, state, faults } = scene(t);
  const { promise, resolve } = Promise.withResolvers<void>();
  state.breaks = promise;
  const made = make();
  await turn();
  const cleared = faults.clear('f');
  await turn();
  resolve();
  await made;
  assert.equal(await cleared, true);
  assert.equal(state.broken, false);
  assert.deepEqual(faults.ids(), []);
});

test('after the end nothing is listed, nothing tried again and nothing made', async (t) => {
  const { make, pass, state, faults, said } = scene(t);
  await make();
  state.mends = false;
  await faults.close();
  assert.deepEqual(faults.ids(), []);
  await assert.rejects(make(), /the shadow has ended/);
  await pass(120_000);
  assert.deepEqual(said, []);
});
