import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Policy } from '../../control-plane/mesh/policy.ts';
import type { Mode, OverrideOrder } from '../../control-plane/mesh/record.ts';
import { failover, type Scene, scene } from './guardian-scene.ts';
import { believing } from './policies.ts';

// What leaves again where the guardian may not act by itself: offered in mode `approve`, left to the operator in `observe` and `off`.

const text = 'failover@web>pay×1';
const policy = believing({ [text]: 0.4 });
const release = { quietMs: 10_000, gapMs: 2000 };
const actions = (s: Scene) => s.store.audit.list().map((e) => e.action);
const give = (s: Scene, order: OverrideOrder) =>
  s.guardian.override({ order, by: 'ada', reason: 'x', ttlMs: 3600_000 });
const setMode = (s: Scene, mode: Mode) => give(s, { type: 'mode', service: 'pay', mode });
const alerts = (s: Scene) => s.events.flatMap((e) => (e.type === 'alert' ? [e.message] : []));
/** Offers to take something back, oldest first. */
const offers = (s: Scene) =>
  s.store.decisions
    .list()
    .filter((d) => d.action.do === 'remove')
    .reverse();
const approve = (s: Scene, decision = offers(s).at(-1)!.id) => give(s, { type: 'approve', decision });

/** Pay ails, and its failover healed users. */
async function mitigated(mode: Mode, with_: Policy = policy, quietMs = release.quietMs): Promise<Scene> {
  const s = scene(with_, { release: { ...release, quietMs } });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  while (s.guardian.incident()?.state !== 'mitigated') await s.run(1);
  await setMode(s, mode);
  return s;
}

test('approve: from the step to its removal by two approvals, and the healthy state learns again', async () => {
  const s = scene(policy, { mode: 'approve', release });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  await s.run(10);
  await approve(s, s.store.decisions.list().find((d) => d.action.do === 'apply')!.id);
  while (s.guardian.incident()?.state !== 'mitigated') await s.run(1);
  s.world.ailments.delete('pay');
  await s.run(200);
  assert.deepEqual(s.inForce(), [text], 'nothing goes before it is approved');
  assert.equal(offers(s).length, 1, 'it is offered once');
  const [offered] = offers(s);
  assert.deepEqual(offered!.action, { do: 'remove', mitigation: failover });
  assert.match(offered!.why, /^waits for approval/);
  assert.equal(offered!.incident, s.guardian.incident()!.id);
  const said = alerts(s).filter((m) => m.includes(`umbra override approve ${offered!.id}`));
  assert.equal(said.length, 1, 'and said once');
  assert.ok(s.guardian.incident()!.notes.includes(said[0]!));

  const healthy = structuredClone(s.guardian.healthy());
  await s.run(5);
  assert.deepEqual(s.guardian.healthy(), healthy, 'with a mitigation in force nothing is learned');
  await approve(s);
  await s.run(15);
  assert.deepEqual(s.inForce(), []);
  assert.equal(s.store.decisions.get(offered!.id)!.outcome?.verdict, 'kept');
  assert.ok(s.store.audit.list().some((e) => e.by === 'ada' && e.action === 'probe removal' && e.subject === text));
  assert.equal(s.guardian.incident(), undefined);
  assert.notDeepEqual(s.guardian.healthy(), healthy);
});

test('approve: what users miss is put back and judged so, and offered again later', async () => {
  const s = await mitigated('approve');
  while (offers(s).length === 0) await s.run(1);
  await approve(s);
  await s.run(8);
  assert.deepEqual(s.inForce(), [text]);
  assert.equal(offers(s)[0]!.outcome?.verdict, 'removed-worse');
  await assert.rejects(approve(s), { code: 'UMB0702' }, 'what was carried out is not on offer any more');
  while (offers(s).length < 2) await s.run(1);
});

const orders: Record<string, OverrideOrder> = {
  'a freeze': { type: 'freeze' },
  'mode observe': { type: 'mode', service: 'web', mode: 'observe' },
};
for (const [name, order] of Object.entries(orders))
  test(`approve: ${name} stands against the approval of a removal`, async () => {
    const s = await mitigated('approve');
    while (offers(s).length === 0) await s.run(1);
    await give(s, order);
    await assert.rejects(approve(s), { code: 'UMB0701' });
    assert.deepEqual(s.inForce(), [text]);
  });

test('approve: what is gone meanwhile cannot be taken back; what users suffer with is not on offer', async () => {
  const s = await mitigated('approve');
  s.world.ailments.delete('pay');
  while (offers(s).length === 0) await s.run(1);
  await give(s, { type: 'undo', lease: s.world.leases()[0]!.id });
  await assert.rejects(approve(s), /not in force/);

  const ill = await mitigated('approve');
  while (offers(ill).length === 0) await ill.run(1);
  ill.world.ailments.set('web', { errors: 0.5 });
  while (ill.guardian.incident()?.state !== 'open') await ill.run(1);
  await assert.rejects(approve(ill), { code: 'UMB0702' });
});

test('approve: a removal that the policy wants in an incident is offered, not made', async () => {
  const wish = { sure: true };
  const fickle: Policy = {
    version: 'fickle',
    score: (context) => believing(wish.sure ? { [text]: 0.4 } : { 'remove-last': 0.5 }).score(context),
  };
  const s = await mitigated('approve', fickle, 1e7);
  await s.run(40);
  wish.sure = false;
  s.world.ailments.set('web', { errors: 0.5 });
  await s.run(15);
  assert.equal(s.store.incidents.count(), 2);
  assert.ok(!actions(s).includes('remove') && !actions(s).includes('probe removal'), `${actions(s)}`);
  assert.equal(offers(s).length, 1);
  await approve(s);
  assert.ok(actions(s).includes('probe removal'), `${actions(s)}`);
});

for (const mode of ['off', 'observe'] as const)
  test(`${mode}: nothing is taken back or offered; the operator is told once what is in force and how to undo it`, async () => {
    const s = await mitigated(mode);
    const { id } = s.world.leases()[0]!;
    s.world.ailments.delete('pay');
    await s.run(60);
    assert.deepEqual(s.inForce(), [text]);
    assert.deepEqual(offers(s), []);
    const said = alerts(s).filter((m) => m.includes(`${text} stays in force (mode ${mode})`));
    assert.equal(said.length, 1, `${alerts(s)}`);
    assert.ok(said[0]!.includes(`umbra override undo ${id}`));
    const noted = s.guardian.incident()!.notes.filter((n) => n.includes('stays in force'));
    assert.deepEqual(noted, said);
  });

test('off in the middle of an incident: it is told at once', async () => {
  const s = await mitigated('auto');
  s.world.ailments.set('web', { errors: 0.5 });
  while (s.guardian.incident()?.state !== 'open') await s.run(1);
  await setMode(s, 'off');
  await s.run(1);
  assert.ok(alerts(s).some((m) => m.includes('stays in force (mode off)')));
});

test('mixed modes: what needs nobody is taken back while the other waits', async () => {
  const scaling = 'scale@cart×1';
  const s = scene(policy, { mode: 'auto', release });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  while (s.guardian.incident()?.state !== 'mitigated') await s.run(1);
  await setMode(s, 'approve');
  const [lease] = s.world.leases();
  assert.ok(lease?.type === 'mitigation');
  await s.world.apply({
    ...lease,
    id: 'other',
    mitigation: { kind: 'scale', target: { service: 'cart' }, strength: 1 },
    setting: { service: 'cart', addReplicas: 1 },
  });
  s.world.ailments.delete('pay');
  assert.deepEqual(s.inForce(), [text, scaling]);
  await s.run(40);
  assert.deepEqual(s.inForce(), [text]);
  assert.equal(offers(s).length, 1);
});
