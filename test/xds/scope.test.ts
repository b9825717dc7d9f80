import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { ECDS, fixture, RTDS, resource, texts } from './fixture.ts';

const fault = resource(RTDS, 'fault', '1', { scope: 'shadow' });
const tuning = resource(RTDS, 'tuning');

test('a shadow resource never leaves by a production listener, and the attempt is audited', async (t) => {
  for (const protocol of ['sotw', 'delta'] as const) {
    const f = await fixture(t);
    // The node is not known yet, so the set is taken and cut when its proxy shows by which listener it comes.
    assert.deepEqual(f.server.set('cart', [tuning, fault]).refused, []);
    const stream = f[protocol]('production');
    stream.send({ node: { id: 'cart' }, typeUrl: RTDS } as never);
    const answer = await stream.receive();
    assert.deepEqual(texts(answer.resources), ['tuning=1']);
    assert.equal(f.audit.length, 1);
    const { kind, code, nodeId, scope, names } = f.audit[0]!;
    assert.deepEqual(
      [kind, code, nodeId, scope, names],
      ['scope-violation', 'UMB0302', 'cart', 'production', ['fault']],
    );
    stream.ack(answer as never);
    // From now on it is refused outright. Of the same resource nothing more is said for a while.
    const again = f.server.set('cart', [tuning, fault, resource(ECDS, 'chaos', '1', { scope: 'shadow' })]);
    assert.deepEqual(
      again.refused.map((r) => r.name),
      ['fault', 'chaos'],
    );
    assert.equal(f.server.counters.refused, 3);
    assert.deepEqual(
      f.audit.slice(1).map((a) => a.names),
      [['chaos']],
    );
    assert.deepEqual(stream.pending, []);
  }
});

test('a shadow proxy that came first by a production node’s name does not keep it from what is set', async (t) => {
  for (const how of ['set', 'proxy'] as const) {
    const f = await fixture(t);
    const rogue = f.delta('shadow');
    rogue.send({ node: { id: 'cart' }, typeUrl: RTDS });
    await f.next('connect');
    if (how === 'set') f.server.set('cart', [tuning], { scope: 'production' });
    const stream = f.delta('production');
    stream.send({ node: { id: 'cart' }, typeUrl: RTDS });
    assert.equal((await rogue.ended).code, grpc.status.PERMISSION_DENIED);
    if (how === 'proxy') f.server.set('cart', [tuning], { scope: 'production' });
    assert.deepEqual(texts((await stream.receive()).resources), ['tuning=1']);
    assert.deepEqual(
      f.server.status().map((n) => [n.nodeId, n.connected]),
      [['cart', true]],
    );
  }
});

test('by name as little as by wildcard', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [tuning, fault]);
  const stream = f.delta('production');
  stream.send({ node: { id: 'cart' }, typeUrl: RTDS, resourceNamesSubscribe: ['fault', 'tuning'] });
  const answer = await stream.receive();
  assert.deepEqual([texts(answer.resources), answer.removedResources], [['tuning=1'], ['fault']]);
});

test('what a node says of itself does not widen its scope', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [tuning, fault]);
  const stream = f.sotw('production');
  const metadata = { scope: 'shadow', world: 'shadow', 'umbra.io/scope': 'shadow' };
  stream.send({ node: { id: 'cart', cluster: 'shadow', metadata, clientFeatures: ['shadow'] }, typeUrl: RTDS });
  assert.deepEqual(texts((await stream.receive()).resources), ['tuning=1']);
});

test('the shadow gets both', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [tuning, fault]);
  const stream = f.sotw('shadow');
  stream.send({ node: { id: 'cart' }, typeUrl: RTDS });
  assert.deepEqual(texts((await stream.receive()).resources), ['fault=1', 'tuning=1']);
  assert.deepEqual(f.audit, []);
});

test('a scope given with the set is enforced before anything connects', async (t) => {
  const f = await fixture(t);
  const { refused } = f.server.set('cart', [tuning, fault], { scope: 'production' });
  assert.deepEqual(
    refused.map((r) => [r.name, r.typeUrl]),
    [['fault', RTDS]],
  );
  const impostor = f.sotw('shadow');
  impostor.send({ node: { id: 'cart' }, typeUrl: RTDS });
  const status = await impostor.ended;
  assert.equal(status.code, grpc.status.PERMISSION_DENIED);
  assert.equal(f.audit.at(-1)!.kind, 'identity-conflict');
});

test('a shadow proxy under a production name gives way to the real one, and its refusals count for nothing', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [tuning]);
  const impostor = f.sotw('shadow');
  impostor.send({ node: { id: 'cart' }, typeUrl: RTDS, resourceNames: ['tuning'] });
  const nacked = f.next('nack');
  impostor.nack(await impostor.receive(), 'tuning: never', ['tuning']);
  await nacked;
  const real = f.sotw('production');
  real.send({ node: { id: 'cart' }, typeUrl: RTDS, resourceNames: ['tuning'] });
  assert.deepEqual(texts((await real.receive()).resources), ['tuning=1']);
  assert.equal((await impostor.ended).code, grpc.status.PERMISSION_DENIED);
  assert.deepEqual(
    f.audit.map((a) => a.kind),
    ['identity-conflict'],
  );
});
