import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProductionState } from '../chaos/budget.ts';
import { createShopWorld } from '../guardian/testing/shop-world.ts';
import type { FaultLease } from '../mesh/lease.ts';
import type { Totals } from '../telemetry/collector.ts';
import type { MachineSample } from '../worlds/local/protocol.ts';
import { followProduction } from './follow-production.ts';

/** Production and shadow of the shop, the machine as told, and what the filter was asked for. */
function scene() {
  const [world, shadow] = [createShopWorld(1), createShopWorld(2, 'shadow')];
  const asked: number[] = [];
  let state: ProductionState = { impaired: false, incidentOpen: false, goodRatio: 1 };
  let machine: MachineSample | undefined;
  let [copies, cpu] = [0, 0];
  const follow = followProduction({
    local: {
      topology: world.topology,
      clock: world.clock,
      worlds: { shadow, machine: () => machine, mirrorShare: (share) => void asked.push(share) },
      collectors: { production: { totals: () => ({ filters: { umbra_mirror_sent: copies } }) as unknown as Totals } },
    },
    production: () => ({ ...state, ...(machine?.busy === undefined ? {} : { busy: machine.busy }) }),
    reproducing: () => false,
  });
  return {
    world,
    shadow,
    follow,
    asked,
    tell: (more: Partial<ProductionState>) => {
      state = { ...state, ...more };
    },
    async run(windows: number, busy?: number) {
      for (let i = 0; i < windows; i++) {
        await shadow.tick();
        const s = await world.tick();
        copies += Math.round(s.entry.offered);
        cpu += 0.05;
        machine = { ingressCpuSeconds: cpu, ...(busy === undefined ? {} : { busy }) };
        follow.window(s);
      }
      return world.clock.now();
    },
  };
}

test('the filter is told of every share, and people why', async () => {
  const s = scene();
  await s.run(3, 0.2);
  await s.run(1, 0.99);
  assert.deepEqual(s.asked, [1, 1, 1, 0]);
  assert.match(s.follow.mirrored().why!, /99%/);
});

test('an episode is charged for copies, and for answers lost while it lasted', async () => {
  const s = scene();
  const from = await s.run(30);
  const now = s.shadow.clock.now();
  const fault: FaultLease = {
    type: 'fault',
    id: 'f',
    owner: 'chaos',
    reason: 'test',
    createdAt: now,
    expiresAt: now + 60_000,
    fault: { kind: 'latency', target: { service: 'cart' }, magnitude: 0, share: 1, durationMs: 60_000, seed: 1 },
  };
  await s.shadow.inject(fault);
  s.world.ailments.set('web', { errors: 0.3 });
  const to = await s.run(20);
  const cost = s.follow.cost(from, to);
  assert.ok(cost.lostGood! > 60, `${cost.lostGood}`);
  assert.ok(Math.abs(cost.mirrorCpuSeconds! - 0.5) < 0.05, `${cost.mirrorCpuSeconds}`);
});

test('what production loses in an incident of its own is not the shadow’s', async () => {
  const s = scene();
  const from = await s.run(30);
  s.tell({ incidentOpen: true, impaired: true });
  s.world.ailments.set('web', { errors: 0.3 });
  const to = await s.run(20);
  assert.equal(s.follow.cost(from, to).lostGood, undefined);
});
