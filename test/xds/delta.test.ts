import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CDS, EDS, fixture, RTDS, resource, texts } from './fixture.ts';

const node = { id: 'cart' };

test('delta over the wire: first answer, change, removal, acknowledged and settled', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(CDS, 'a'), resource(CDS, 'b')]);
  const stream = f.delta();
  stream.send({ node, typeUrl: CDS });
  const first = await stream.receive();
  assert.deepEqual(texts(first.resources), ['a=1', 'b=1']);
  assert.deepEqual(
    first.resources.map((r) => r.version),
    [resource(CDS, 'a').version, resource(CDS, 'b').version],
  );
  stream.ack(first);
  const { revision } = f.server.set('cart', [resource(CDS, 'a', '2')]);
  const change = await stream.receive();
  assert.deepEqual([texts(change.resources), change.removedResources], [['a=2'], ['b']]);
  assert.notEqual(change.nonce, first.nonce);
  const settled = f.server.settled('cart', revision);
  stream.ack(change);
  assert.equal((await settled).state, 'acked');
});

test('a stream that resumes with what it has gets only the difference', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(EDS, 'a'), resource(EDS, 'b'), resource(EDS, 'c')]);
  const before = f.delta();
  before.send({ node, typeUrl: EDS, resourceNamesSubscribe: ['a', 'b', 'c'] });
  const first = await before.receive();
  before.ack(first);
  const gone = f.next('disconnect');
  before.close();
  await gone;
  f.server.set('cart', [resource(EDS, 'a'), resource(EDS, 'b', '2')]);
  const after = f.delta();
  after.send({
    node,
    typeUrl: EDS,
    resourceNamesSubscribe: ['a', 'b', 'c'],
    initialResourceVersions: Object.fromEntries(first.resources.map((r) => [r.name, r.version])),
  });
  const difference = await after.receive();
  assert.deepEqual([texts(difference.resources), difference.removedResources], [['b=2'], ['c']]);
});

test('times to live: written for who understands them, renewed without bodies before they end', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(RTDS, 'layer', '1', { ttlMs: 200 })]);
  const stream = f.delta();
  stream.send({
    node: { ...node, clientFeatures: ['xds.config.supports-resource-ttl'] },
    typeUrl: RTDS,
    resourceNamesSubscribe: ['layer'],
  });
  const first = await stream.receive();
  assert.equal(first.resources[0]!.ttl?.nanos, 200_000_000);
  stream.ack(first);
  for (let i = 0; i < 2; i++) {
    const beat = await stream.receive();
    assert.equal(beat.resources[0]!.resource, undefined);
    assert.equal(beat.resources[0]!.version, first.resources[0]!.version);
    stream.ack(beat);
  }
  const other = f.delta();
  other.send({ node: { id: 'plain' }, typeUrl: RTDS, resourceNamesSubscribe: ['layer'] });
  f.server.set('plain', [resource(RTDS, 'layer', '1', { ttlMs: 200 })]);
  assert.equal((await other.receive()).resources[0]!.ttl, undefined);
});

test('an answer goes to one more of many streams whenever a connection has taken one', async (t) => {
  const f = await fixture(t, { patienceMs: 60_000 });
  const ids = Array.from({ length: 50 }, (_, i) => `cart-${i}`);
  const setAll = (version: string) => ids.forEach((id) => void f.server.set(id, [resource(CDS, 'a', version)]));
  setAll('1');
  const streams = ids.map((id) => {
    const stream = f.delta();
    stream.send({ node: { id }, typeUrl: CDS });
    return stream;
  });
  for (const stream of streams) stream.ack(await stream.receive());
  await f.acked(50);
  // Else the rest would be sent a turn of the event loop later.
  t.mock.timers.enable({ apis: ['setImmediate'] });
  setAll('2');
  for (const stream of streams) assert.equal((await stream.receive()).resources[0]!.name, 'a');
  t.mock.timers.reset();
});
