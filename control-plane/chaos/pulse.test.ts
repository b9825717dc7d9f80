import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createShopWorld } from '../guardian/testing/shop-world.ts';
import type { FaultLease } from '../mesh/lease.ts';
import { createPulse } from './pulse.ts';

function beating() {
  const world = createShopWorld(4, 'shadow');
  const abort = new AbortController();
  const pulse = createPulse(world, abort.signal);
  return {
    world,
    pulse,
    windows: () => pulse.healthy().edges['ingress>web']?.windows ?? 0,
    async run(n: number) {
      for (let i = 0; i < n; i++) {
        const next = pulse.next();
        await world.tick();
        await next;
      }
    },
  };
}

test('the windows before a fault count as healthy however hard it strikes, those with it do not', async () => {
  const { world, windows, run } = beating();
  await run(20);
  assert.equal(windows(), 15);
  const now = world.clock.now();
  const fault: FaultLease = {
    type: 'fault',
    id: 'f',
    owner: 'chaos',
    reason: '',
    createdAt: now,
    expiresAt: now + 60_000,
    episode: 'e',
    fault: { kind: 'abort', target: { service: 'web' }, magnitude: 1, share: 1, durationMs: 60_000, seed: 1 },
  };
  await world.inject(fault);
  await run(1);
  assert.equal(windows(), 20);
  await run(10);
  await world.remove('f');
  // Two windows are still the fault's, the detector is calm again a few later, then five are held.
  await run(7);
  assert.equal(windows(), 20);
  await run(10);
  assert.ok(windows() > 20);
});

test('the beginning of a trouble of the shadow’s own teaches nothing', async () => {
  const { world, pulse, windows, run } = beating();
  await run(20);
  world.ailments.set('pay', { errors: 0.15 });
  await run(20);
  assert.equal(pulse.diagnosis()?.impaired, true);
  assert.ok(windows() <= 20, `${windows()}`);
});

test('windows without a request drop nothing that is held', async () => {
  const { world, windows, run } = beating();
  await run(20);
  world.rate = 0;
  await run(4);
  assert.equal(windows(), 15);
  world.rate = 25;
  await run(2);
  assert.equal(windows(), 17);
});
