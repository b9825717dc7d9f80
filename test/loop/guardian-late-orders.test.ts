import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Policy } from '../../control-plane/mesh/policy.ts';
import type { OverrideOrder } from '../../control-plane/mesh/record.ts';
import { type Scene, scene } from './guardian-scene.ts';
import { believing } from './policies.ts';

// Orders that come between a decision and its being carried out.

const policy = believing({ 'failover@web>pay×1': 0.4 });
const give = (s: Scene, order: OverrideOrder) =>
  s.guardian.override({ order, by: 'ada', reason: 'x', ttlMs: 3600_000 });

/** Scores, and tells it when it is let. */
function slowly(): Policy & { asked: Promise<void>; answer: () => void } {
  const asked = Promise.withResolvers<void>();
  const allowed = Promise.withResolvers<void>();
  return {
    version: 'slow',
    asked: asked.promise,
    answer: allowed.resolve,
    async score(context) {
      const scored = await policy.score(context);
      asked.resolve();
      await allowed.promise;
      return scored;
    },
  };
}

const orders: Record<string, OverrideOrder> = {
  'a freeze': { type: 'freeze' },
  'a forbid': { type: 'forbid', what: 'failover' },
  'mode off': { type: 'mode', service: 'pay', mode: 'off' },
};
for (const [name, order] of Object.entries(orders))
  test(`${name} that comes while a decision is scored stops it`, async () => {
    const slow = slowly();
    const s = scene(slow);
    await s.run(30);
    s.world.ailments.set('pay', { errors: 0.9 });
    const running = s.run(6);
    await slow.asked;
    await give(s, order);
    slow.answer();
    await running;
    assert.equal(s.world.applied.length, 0);
    assert.ok(!s.store.audit.list().some((e) => e.action === 'apply'));
  });

/** Something waits for approval. */
async function offered(): Promise<{ s: Scene; decision: string }> {
  const s = scene(policy, { mode: 'approve' });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  const offer = () => s.store.decisions.list().find((d) => d.action.do === 'apply');
  while (!offer()) await s.run(1);
  return { s, decision: offer()!.id };
}

for (const [name, order] of Object.entries(orders))
  test(`${name} stands against the approval of an older offer`, async () => {
    const { s, decision } = await offered();
    const { id } = await give(s, order);
    await assert.rejects(give(s, { type: 'approve', decision }), { code: 'UMB0701' });
    assert.equal(s.world.applied.length, 0);
    await s.guardian.cancelOverride(id, 'ada');
    await give(s, { type: 'approve', decision });
    assert.deepEqual(s.inForce(), ['failover@web>pay×1']);
  });

test('an offer whose target is gone meanwhile cannot be approved', async () => {
  const { s, decision } = await offered();
  const snapshot = await s.world.tick();
  const standby = snapshot.services['pay-standby']!;
  await s.guardian.window({
    ...snapshot,
    services: { ...snapshot.services, 'pay-standby': { ...standby, ready: 0 } },
  });
  await assert.rejects(give(s, { type: 'approve', decision }), /no replica that answers/);
  assert.equal(s.world.applied.length, 0);
});
