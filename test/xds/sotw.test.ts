import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { ResourceSchema } from '../../control-plane/envoy/protos/gen/envoy/service/discovery/v3/discovery_pb.js';
import { CDS, EDS, fixture, LDS, RDS, RTDS, resource, texts } from './fixture.ts';

const node = { id: 'cart' };

test('a start: clusters, endpoints, listeners, routes, each acknowledged, and the revision settles', async (t) => {
  const f = await fixture(t);
  const { revision, refused } = f.server.set('cart', [
    resource(CDS, 'a'),
    resource(EDS, 'a'),
    resource(LDS, 'in'),
    resource(RDS, 'routes'),
  ]);
  assert.deepEqual(refused, []);
  const settled = f.server.settled('cart', revision);
  const stream = f.sotw();
  stream.send({ node, typeUrl: CDS });
  const clusters = await stream.receive();
  assert.deepEqual(texts(clusters.resources), ['a=1']);
  assert.equal(clusters.controlPlane?.identifier, 'umbra-test');
  stream.send({ typeUrl: EDS, resourceNames: ['a'] });
  const endpoints = await stream.receive();
  assert.equal(endpoints.typeUrl, EDS);
  stream.ack(clusters);
  stream.ack(endpoints, ['a']);
  stream.send({ typeUrl: LDS });
  const listeners = await stream.receive();
  assert.deepEqual(texts(listeners.resources), ['in=1']);
  stream.send({ typeUrl: RDS, resourceNames: ['routes'] });
  const routes = await stream.receive();
  assert.deepEqual(texts(routes.resources), ['routes=1']);
  stream.ack(listeners);
  stream.ack(routes, ['routes']);
  assert.equal((await settled).state, 'acked');
  assert.deepEqual(f.server.counters, { pushes: 4, acks: 4, nacks: 0, refused: 0 });
  assert.deepEqual(stream.pending, []);
});

test('times to live: wrapped for who can unwrap them, and renewed with their bodies', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(RTDS, 'layer', '1', { ttlMs: 200 })]);
  f.server.set('plain', [resource(RTDS, 'layer', '1', { ttlMs: 200 })]);
  const stream = f.sotw();
  const clientFeatures = ['xds.config.supports-resource-ttl', 'xds.config.resource-in-sotw'];
  stream.send({ node: { ...node, clientFeatures }, typeUrl: RTDS, resourceNames: ['layer'] });
  const first = await stream.receive();
  for (let answer = first, i = 0; i < 3; i++) {
    assert.equal(answer.versionInfo, first.versionInfo);
    const wrapped = fromBinary(ResourceSchema, answer.resources[0]!.value);
    assert.equal(wrapped.version, first.versionInfo);
    assert.deepEqual(texts([wrapped]), ['layer=1']);
    assert.equal(wrapped.ttl?.nanos, 200_000_000);
    stream.ack(answer, ['layer']);
    answer = await stream.receive();
  }
  for (const features of [[], ['xds.config.supports-resource-ttl']]) {
    const plain = f.sotw();
    plain.send({ node: { id: 'plain', clientFeatures: features }, typeUrl: RTDS, resourceNames: ['layer'] });
    assert.deepEqual(texts((await plain.receive()).resources), ['layer=1']);
  }
});

test('a client that does not read costs a few messages, whatever is set, and then gets the newest', async (t) => {
  const f = await fixture(t, { patienceMs: 0 });
  const big = (text: string) => resource(CDS, 'a', text + 'x'.repeat(1_000_000));
  f.server.set('cart', [big('0')]);
  const stream = f.sotw();
  stream.send({ node, typeUrl: CDS });
  await stream.receive();
  stream.call.pause();
  // Another client's answers show that the server has had its turns.
  const other = f.sotw();
  f.server.set('other', [resource(CDS, 'a', '0')]);
  other.send({ node: { id: 'other' }, typeUrl: CDS });
  await other.receive();
  const before = f.server.counters.pushes;
  for (let i = 1; i <= 50; i++) {
    f.server.set('cart', [big(String(i))]);
    f.server.set('other', [resource(CDS, 'a', String(i))]);
    await other.receive();
  }
  const toPaused = f.server.counters.pushes - before - 50;
  assert.ok(toPaused < 10, `${toPaused} messages to a client that does not read`);
  stream.call.resume();
  const wanted = `a=50${'x'.repeat(1_000_000)}`;
  for (let seen = 0; ; seen++) {
    assert.ok(seen < 12, 'the newest does not come');
    const answer = await stream.receive();
    stream.ack(answer);
    if (texts(answer.resources)[0] === wanted) break;
  }
});
