import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ProcessSample, ProcessWindows } from './process-window.ts';

const sample = (rest: Partial<ProcessSample>): ProcessSample => ({
  service: 'cart',
  replica: 0,
  alive: true,
  cpuSeconds: 0,
  cpuLimit: 0,
  memoryBytes: 100,
  memoryLimit: 0,
  restarts: 0,
  ...rest,
});

test('mean and largest over the replicas that live', () => {
  const windows = new ProcessWindows();
  windows.add(
    [sample({ cpuSeconds: 5 }), sample({ replica: 1, cpuSeconds: 7, memoryBytes: 300, memoryLimit: 900 })],
    1000,
  );
  windows.add(
    [sample({ cpuSeconds: 5.5 }), sample({ replica: 1, cpuSeconds: 8.5, memoryBytes: 300, memoryLimit: 900 })],
    2000,
  );
  assert.deepEqual(windows.take({ cart: 2 }, 2000), {
    cart: { replicas: 2, ready: 2, cpu: 1, cpuMax: 1.5, memory: 200, memoryMax: 300, memoryLimit: 900, restarts: 0 },
  });
});

test('CPU is relative to the limit, and kept when a window has no new sample', () => {
  const windows = new ProcessWindows();
  windows.add([sample({ cpuLimit: 0.5 })], 0);
  windows.add([sample({ cpuLimit: 0.5, cpuSeconds: 0.25 })], 1000);
  assert.equal(windows.take({ cart: 1 }, 1000).cart!.cpu, 0.5);
  assert.equal(windows.take({ cart: 1 }, 1900).cart!.cpu, 0.5);
});

test('a clock set back costs one window of CPU, and no restart is counted twice', () => {
  const windows = new ProcessWindows();
  const seen = (now: number, cpuSeconds: number) => {
    windows.add([sample({ cpuSeconds, restarts: 1 })], now);
    const { cpu, restarts } = windows.take({ cart: 1 }, now).cart!;
    return [cpu, restarts];
  };
  windows.add([sample({})], 9_000_000);
  assert.deepEqual(seen(9_001_000, 0.5), [0.5, 1]);
  assert.deepEqual(seen(5_402_000, 0.75), [0.5, 0]);
  assert.deepEqual(seen(5_403_000, 1), [0.25, 0]);
});

test('a restart is counted once and does not make CPU negative', () => {
  const windows = new ProcessWindows();
  windows.add([sample({ cpuSeconds: 90 })], 0);
  windows.add([sample({ cpuSeconds: 0.2, restarts: 1 })], 1000);
  const { cart } = windows.take({ cart: 1 }, 1000);
  assert.equal(cart!.restarts, 1);
  assert.equal(cart!.cpu, 0.2);
  assert.equal(windows.take({ cart: 1 }, 2000).cart!.restarts, 0);
});

test('the dead are not ready, and what is no longer sampled is forgotten', () => {
  const windows = new ProcessWindows();
  windows.add([sample({}), sample({ replica: 1, alive: false })], 0);
  assert.equal(windows.take({ cart: 2 }, 0).cart!.ready, 1);
  assert.equal(windows.take({ cart: 2 }, 6000).cart!.ready, 0);
  assert.equal(windows.sampled(6000).has('cart'), false);
});
