import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeAction, type Plan } from '../../control-plane/mesh/mitigation.ts';
import type { Store } from '../../control-plane/mesh/store.ts';
import { type ApplyResult, START_WITHIN_MS } from '../../control-plane/mesh/world.ts';
import { type Scene, scene } from './guardian-scene.ts';
import { believing, learned } from './policies.ts';

// A replica takes longer to start than proxies to acknowledge.

const scale = 'scale@pay×1';
const failover = 'failover@web>pay×1';
const policy = believing({ [scale]: 0.4, [failover]: 0.2 });
const release = { quietMs: 10_000 };
const decisionOf = (s: Scene, text: string) => s.store.decisions.list().find((d) => describeAction(d.action) === text)!;
const verdictOf = (s: Scene) => decisionOf(s, scale).outcome?.verdict;
const actions = (s: Scene) => s.store.audit.list().map((e) => `${e.action} ${e.subject}`);

/** Pay ails until its new replica answers, which the test says. With `stuck` what is taken back never ends to be. */
async function scaling(prepare: (store: Store) => void = () => {}, errors = 0.9) {
  const s = scene(policy, { release });
  prepare(s.store);
  const { apply, remove } = s.world;
  const replicas: PromiseWithResolvers<ApplyResult>[] = [];
  const is = { stuck: false };
  s.world.apply = async (lease) => {
    const applied = apply(lease);
    if (!('service' in lease.setting)) return applied;
    const replica = Promise.withResolvers<ApplyResult>();
    replicas.push(replica);
    return replica.promise;
  };
  s.world.remove = async (id) => {
    const there = s.world.leases().some((l) => l.id === id);
    await remove(id);
    if (there && is.stuck) await new Promise(() => {});
  };
  const answer = (n: number) => {
    s.world.ailments.delete('pay');
    replicas[n]!.resolve({ state: 'effective', at: s.world.clock.now(), proxies: [] });
  };
  await s.run(30);
  s.world.ailments.set('pay', { errors });
  while (replicas.length === 0) await s.run(1);
  return { s, replicas, is, answer };
}

/** One window more, while the world's time goes on for at most ten seconds. */
async function inTenSeconds(s: Scene): Promise<void> {
  let done = false;
  const ended = s.run(1).then(() => {
    done = true;
  });
  for (let i = 0; i < 10 && !done; i++) {
    await s.world.tick();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(done, 'production is judged again');
  await ended;
}

test('a replica that answers after 20 s is waited for, then judged and kept', async () => {
  const { s, answer } = await scaling();
  await s.run(20);
  assert.equal(verdictOf(s), undefined);
  assert.deepEqual(s.inForce(), [scale]);
  answer(0);
  await s.run(10);
  assert.equal(verdictOf(s), 'kept');
  assert.equal(s.guardian.incident()?.state, 'mitigated');
});

test('it is judged against the windows just before it answers', async () => {
  const { s, answer } = await scaling();
  const first = s.guardian.diagnosis()!.goodRatio;
  await s.run(12);
  s.world.ailments.set('pay', { errors: 0.4 });
  await s.run(6);
  const { goodRatio } = s.guardian.diagnosis()!;
  answer(0);
  await s.run(10);
  const { predicted } = decisionOf(s, scale).outcome!;
  assert.ok(Math.abs(predicted - goodRatio) < Math.abs(predicted - first), `${predicted}: ${first}, then ${goodRatio}`);
});

test('users who are well again need no further replica', async () => {
  const { s } = await scaling();
  await s.run(10);
  s.world.ailments.delete('pay');
  await s.run(12);
  assert.equal(verdictOf(s), 'refused');
  assert.deepEqual(s.inForce(), []);
  assert.equal(s.store.incidents.list()[0]!.state, 'recovered');
});

test('one that never answers is given up a little after the world does; its removal is not waited for', async () => {
  const { s, is } = await scaling();
  is.stuck = true;
  await s.run(START_WITHIN_MS / 1000);
  assert.equal(verdictOf(s), undefined);
  for (let i = 0; i < 10 && verdictOf(s) === undefined; i++) await inTenSeconds(s);
  assert.equal(verdictOf(s), 'refused');
  await s.run(8);
  assert.equal(decisionOf(s, failover).outcome?.verdict, 'kept', 'the next step was taken');
});

test('a step beside it that does harm is not left in force while the replica is waited for', async () => {
  const { s: known } = await scaling();
  const { signature } = known.store.incidents.list()[0]!;
  const { s, replicas } = await scaling((store) => {
    const plan: Plan = [
      { kind: 'admission-control', target: { edge: 'ingress>web' }, strength: 1 },
      { kind: 'scale', target: { service: 'pay' }, strength: 1 },
    ];
    const evidence = { at: 1, signature, plan, gain: 0.5, cost: 0.01, healed: true };
    let pattern = learned.withEvidence(undefined, evidence);
    for (let i = 0; i < 2; i++) pattern = learned.withEvidence(pattern, { ...evidence, controlRecovered: false });
    store.patterns.put(pattern);
  }, 0.5);
  assert.equal(s.inForce().length, 2);
  for (let i = 0; i < 16 && verdictOf(s) === undefined; i++) await s.run(1);
  assert.equal(verdictOf(s), 'removed-worse');
  replicas[0]!.resolve({ state: 'effective', at: s.world.clock.now(), proxies: [] });
  await s.run(1);
  assert.ok(!s.inForce().includes(scale));
});

/** The replica helped, was taken away to see whether it is needed, and is: it starts anew. */
async function puttingBack() {
  const scene = await scaling();
  const { s, replicas, answer } = scene;
  answer(0);
  while (!actions(s).includes(`probe removal ${scale}`)) await s.run(1);
  s.world.ailments.set('pay', { errors: 0.9 });
  while (replicas.length < 2) await inTenSeconds(s);
  return scene;
}

test('a replica that is put back is not waited for, and that it answers is recorded', async () => {
  const { s, answer } = await puttingBack();
  while (!s.inForce().includes(failover)) await s.run(1);
  assert.equal(s.guardian.incident()?.state, 'open', 'the next step was taken meanwhile');
  assert.ok(!actions(s).includes(`put back ${scale}`));
  answer(1);
  await s.run(1);
  assert.ok(actions(s).includes(`put back ${scale}`), `${actions(s)}`);
});

test('that it does not answer is recorded and said', async () => {
  const { s, replicas } = await puttingBack();
  replicas[1]!.resolve({ state: 'refused', reason: 'it does not answer' });
  await s.run(1);
  assert.ok(actions(s).includes(`not put back ${scale}`), `${actions(s)}`);
  assert.ok(
    s.events.some((e) => e.type === 'alert' && e.kind === 'not-put-back' && e.message.includes('it does not answer')),
  );
});

test('undone while it starts, it is not called put back', async () => {
  const { s, answer } = await puttingBack();
  const { id } = s.world.leases().find((l) => l.type === 'mitigation' && l.mitigation.kind === 'scale')!;
  await s.guardian.override({ order: { type: 'undo', lease: id }, by: 'ada', reason: 'x', ttlMs: 3600_000 });
  answer(1);
  await s.run(1);
  assert.ok(!actions(s).includes(`put back ${scale}`), `${actions(s)}`);
});
