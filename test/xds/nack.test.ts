import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NackEvent } from '../../control-plane/xds/index.ts';
import { CDS, fixture, LDS, RDS, RTDS, resource, texts } from './fixture.ts';

const node = { id: 'cart' };

test('state of the world: a refused update is reported and the last good one restored, once', async (t) => {
  const f = await fixture(t);
  const nacks: NackEvent[] = [];
  f.server.on('nack', (event) => nacks.push(event));
  f.server.set('cart', [resource(CDS, 'a'), resource(CDS, 'b')]);
  const stream = f.sotw();
  stream.send({ node, typeUrl: CDS });
  const good = await stream.receive();
  stream.ack(good);
  const { revision } = f.server.set('cart', [resource(CDS, 'a', 'bad'), resource(CDS, 'b', '2')]);
  const settled = f.server.settled('cart', revision);
  const bad = await stream.receive();
  assert.deepEqual(texts(bad.resources), ['a=bad', 'b=2']);
  stream.nack(bad, 'Error adding/updating cluster(s) a: no such thing', [], good.versionInfo);
  const { state, detail } = await settled;
  assert.deepEqual([state, detail], ['nacked', 'CDS a: Error adding/updating cluster(s) a: no such thing']);
  const back = await stream.receive();
  assert.deepEqual(texts(back.resources), ['a=1', 'b=2'], 'a as it was, b as it was asked for');
  stream.ack(back);
  assert.equal(nacks.length, 1);
  assert.deepEqual([nacks[0]!.nodeId, nacks[0]!.typeUrl, nacks[0]!.names], ['cart', CDS, ['a']]);
  const again = f.server.set('cart', [resource(CDS, 'a', 'bad'), resource(CDS, 'b', '2')]);
  assert.equal((await f.server.settled('cart', again.revision)).state, 'nacked');
  const mended = f.server.set('cart', [resource(CDS, 'a', '3'), resource(CDS, 'b', '2')]);
  const next = await stream.receive();
  assert.deepEqual(texts(next.resources), ['a=3', 'b=2'], 'the refused version came no second time');
  stream.ack(next);
  assert.equal((await f.server.settled('cart', mended.revision)).state, 'acked');
  const { lastNack, problems } = f.server.status()[0]!.types[0]!;
  assert.deepEqual([lastNack?.names, problems], [['a'], {}]);
  assert.deepEqual(f.server.counters, { pushes: 4, acks: 3, nacks: 1, refused: 0 });
});

test('delta: the same', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(CDS, 'a'), resource(CDS, 'b')]);
  const stream = f.delta();
  stream.send({ node, typeUrl: CDS });
  stream.ack(await stream.receive());
  const { revision } = f.server.set('cart', [resource(CDS, 'a', 'bad'), resource(CDS, 'b')]);
  const bad = await stream.receive();
  assert.deepEqual(texts(bad.resources), ['a=bad']);
  stream.nack(bad, 'no');
  const back = await stream.receive();
  assert.deepEqual(texts(back.resources), ['a=1']);
  assert.equal((await f.server.settled('cart', revision)).state, 'nacked');
  stream.ack(back);
  f.server.set('cart', [resource(CDS, 'a', 'bad'), resource(CDS, 'b'), resource(CDS, 'c')]);
  assert.deepEqual(texts((await stream.receive()).resources), ['c=1']);
});

test('a refused route or cluster takes no cluster away that the proxy still routes to', async (t) => {
  for (const [what, refuse] of [
    ['the route', RDS],
    ['the cluster', CDS],
  ] as const) {
    const f = await fixture(t);
    f.server.set('cart', [resource(CDS, 'a'), resource(LDS, 'in'), resource(RDS, 'to', 'a')]);
    const stream = f.delta();
    const answer = async (typeUrl: string) => {
      const got = await stream.receive();
      assert.equal(got.typeUrl, typeUrl);
      return got;
    };
    stream.send({ node, typeUrl: CDS });
    stream.ack(await answer(CDS));
    stream.send({ typeUrl: LDS });
    stream.ack(await answer(LDS));
    stream.send({ typeUrl: RDS, resourceNamesSubscribe: ['to'] });
    stream.ack(await answer(RDS));
    await f.acked(3);
    const { revision } = f.server.set('cart', [resource(CDS, 'b'), resource(LDS, 'in'), resource(RDS, 'to', 'b')]);
    const clusters = await answer(CDS);
    assert.deepEqual(clusters.removedResources, []);
    if (refuse === CDS) stream.nack(clusters, 'cluster b: no');
    else {
      stream.ack(clusters);
      stream.nack(await answer(RDS), 'route to: no');
      const back = await answer(RDS);
      assert.deepEqual(texts(back.resources), ['to=a']);
      stream.ack(back);
    }
    assert.equal((await f.server.settled('cart', revision)).state, 'nacked');
    // What comes for something else shows that nothing came for clusters before it.
    stream.send({ typeUrl: RTDS, resourceNamesSubscribe: ['none'] });
    const { typeUrl, removedResources } = await stream.receive();
    assert.deepEqual([typeUrl, removedResources], [RTDS, ['none']], what);
    assert.deepEqual(stream.pending, []);
    stream.close();
  }
});

test('a proxy that refuses everything is answered twice, not for ever', async (t) => {
  for (const protocol of ['sotw', 'delta'] as const) {
    const f = await fixture(t);
    f.server.set('cart', [resource(LDS, 'in')]);
    const stream = f[protocol]();
    stream.send({ node, typeUrl: LDS });
    stream.ack((await stream.receive()) as never);
    f.server.set('cart', [resource(LDS, 'in', '2')]);
    stream.nack((await stream.receive()) as never, 'never');
    stream.nack((await stream.receive()) as never, 'never ever');
    // Another type's answer shows that all there was to say of listeners has been said before it.
    stream.send({ typeUrl: CDS } as never);
    assert.equal((await stream.receive()).typeUrl, CDS);
    assert.deepEqual(stream.pending, []);
    // Delta leaves alone what was refused; in state of the world the type is held, or the listener would be deleted.
    const held = protocol === 'sotw' ? { '*': 'never ever' } : {};
    assert.deepEqual(f.server.status()[0]!.types.find((s) => s.type === 'LDS')!.problems, { in: 'never', ...held });
  }
});

test('a refused first answer leaves the proxy as it is', async (t) => {
  const f = await fixture(t);
  const { revision } = f.server.set('cart', [resource(CDS, 'a'), resource(CDS, 'bad')]);
  const stream = f.sotw();
  stream.send({ node, typeUrl: CDS });
  stream.nack(await stream.receive(), 'cluster bad: no');
  assert.equal((await f.server.settled('cart', revision)).state, 'nacked');
  stream.send({ typeUrl: RDS, resourceNames: ['none'] });
  f.server.set('cart', [resource(CDS, 'a')]);
  assert.deepEqual(texts((await stream.receive()).resources), ['a=1']);
});

test('asking again after retry() sends what was refused once more', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(CDS, 'a')]);
  const stream = f.delta();
  stream.send({ node, typeUrl: CDS });
  stream.ack(await stream.receive());
  f.server.set('cart', [resource(CDS, 'a', '2')]);
  stream.nack(await stream.receive(), 'not now');
  stream.ack(await stream.receive());
  f.server.retry('cart');
  assert.deepEqual(texts((await stream.receive()).resources), ['a=2']);
});

test('what one proxy of a node refuses is taken back from the others as well', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(CDS, 'a')]);
  const streams = [f.delta(), f.delta()] as const;
  for (const stream of streams) {
    stream.send({ node, typeUrl: CDS });
    stream.ack(await stream.receive());
  }
  await f.acked(2);
  f.server.set('cart', [resource(CDS, 'a', '2')]);
  const [first, second] = [await streams[0].receive(), await streams[1].receive()];
  streams[1].ack(second);
  await f.acked(3);
  streams[0].nack(first, 'no');
  for (const stream of streams) assert.deepEqual(texts((await stream.receive()).resources), ['a=1']);
});
