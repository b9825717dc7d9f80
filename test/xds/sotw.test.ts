import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CDS, EDS, fixture, LDS, RDS, resource, texts } from './fixture.ts';

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
