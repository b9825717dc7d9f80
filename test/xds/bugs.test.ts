import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeUrls } from '../../control-plane/xds/index.ts';
import { CDS, ECDS, EDS, fixture, LDS, RDS, resource, texts } from './fixture.ts';

const { SDS } = typeUrls;

// What went wrong in other management servers, each told from the proxy's side.

const node = { id: 'cart' };

test('go-control-plane#526: endpoints do not come before their cluster', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(EDS, 'a'), resource(CDS, 'a')]);
  const stream = f.sotw();
  stream.send({ node, typeUrl: CDS });
  const clusters = await stream.receive();
  stream.send({ typeUrl: EDS, resourceNames: ['a'] });
  stream.ack(await stream.receive(), ['a']);
  stream.ack(clusters);
  await f.acked(2);
  f.server.set('cart', [resource(EDS, 'a', '2'), resource(EDS, 'b'), resource(CDS, 'a', '2'), resource(CDS, 'b')]);
  assert.deepEqual([(await stream.receive()).typeUrl, (await stream.receive()).typeUrl], [CDS, EDS]);
});

test('go-control-plane#526: who asks for endpoints before clusters gets both, and both go on', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(CDS, 'a'), resource(EDS, 'a')]);
  const stream = f.sotw();
  stream.send({ node, typeUrl: EDS, resourceNames: ['a'] });
  stream.ack(await stream.receive(), ['a']);
  stream.send({ typeUrl: CDS });
  stream.ack(await stream.receive());
  // The cluster is new to the proxy, whose endpoints came too early: it warms by these.
  const again = await stream.receive();
  assert.deepEqual([again.typeUrl, texts(again.resources)], [EDS, ['a=1']]);
  stream.ack(again, ['a']);
  await f.acked(3);
  for (const text of ['2', '3']) {
    f.server.set('cart', [resource(CDS, 'a', text), resource(EDS, 'a', text)]);
    const [clusters, endpoints] = [await stream.receive(), await stream.receive()];
    assert.deepEqual([texts(clusters.resources), texts(endpoints.resources)], [[`a=${text}`], [`a=${text}`]]);
    assert.deepEqual([clusters.typeUrl, endpoints.typeUrl], [CDS, EDS]);
    stream.ack(endpoints, ['a']);
    stream.ack(clusters);
    await f.acked(text === '2' ? 5 : 7);
  }
});

test('go-control-plane#245, envoy#9934: a cluster that changes is not left warming without its endpoints', async (t) => {
  for (const protocol of ['sotw', 'delta'] as const) {
    const f = await fixture(t);
    f.server.set('cart', [resource(CDS, 'a'), resource(EDS, 'a')]);
    const stream = f[protocol]();
    stream.send({ node, typeUrl: CDS } as never);
    const clusters = await stream.receive();
    stream.send({ typeUrl: EDS, resourceNames: ['a'], resourceNamesSubscribe: ['a'] } as never);
    const endpoints = await stream.receive();
    stream.ack(endpoints as never, ['a']);
    stream.ack(clusters as never);
    await f.acked(2);
    f.server.set('cart', [resource(CDS, 'a', '2'), resource(EDS, 'a')]);
    const changed = await stream.receive();
    assert.deepEqual([changed.typeUrl, texts(changed.resources)], [CDS, ['a=2']]);
    // Envoy acknowledges the cluster only when it is warm, so the endpoints have to come before that.
    const again = await stream.receive();
    assert.deepEqual([again.typeUrl, texts(again.resources)], [EDS, ['a=1']]);
  }
});

test('go-control-plane#399, #431: a new name is answered though no version has changed', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(EDS, 'a'), resource(EDS, 'b')]);
  const stream = f.sotw();
  stream.send({ node, typeUrl: EDS, resourceNames: ['a'] });
  const first = await stream.receive();
  stream.ack(first, ['a', 'b']);
  const second = await stream.receive();
  assert.deepEqual(texts(second.resources), ['b=1']);
  assert.equal(second.versionInfo, first.versionInfo);
});

test('go-control-plane#488, #613: subscriptions are not lost when requests and updates cross', async (t) => {
  const f = await fixture(t);
  const all = (text: string) => ['a', 'b', 'c'].map((name) => resource(EDS, name, text));
  f.server.set('cart', all('1'));
  const stream = f.delta();
  stream.send({ node, typeUrl: EDS, resourceNamesSubscribe: ['a'] });
  const first = await stream.receive();
  f.server.set('cart', all('2'));
  stream.send({ typeUrl: EDS, resourceNamesSubscribe: ['b'] });
  stream.send({ typeUrl: EDS, resourceNamesSubscribe: ['c'], responseNonce: 'stale' });
  stream.ack(first);
  const seen = new Map<string, string>();
  while (seen.size < 3 || [...seen.values()].some((v) => v !== '2')) {
    const answer = await stream.receive();
    for (const text of texts(answer.resources)) seen.set(text.split('=')[0]!, text.split('=')[1]!);
    stream.ack(answer);
  }
  assert.deepEqual([...seen.keys()].sort(), ['a', 'b', 'c']);
});

test('go-control-plane#612, #613: filters and secrets go on being updated, however they were subscribed to', async (t) => {
  for (const typeUrl of [ECDS, SDS]) {
    const f = await fixture(t);
    const names = ['a', 'b', 'c'];
    f.server.set(
      'cart',
      names.map((name) => resource(typeUrl, name)),
    );
    const stream = f.delta();
    // Each subscription while the answer to the one before is on its way, and acknowledgements after all.
    const answers = [];
    for (const name of names) {
      stream.send({ node, typeUrl, resourceNamesSubscribe: [name] });
      answers.push(await stream.receive());
    }
    for (const answer of answers) stream.ack(answer);
    await f.acked(3);
    for (const text of ['2', '3']) {
      f.server.set(
        'cart',
        names.map((name) => resource(typeUrl, name, text)),
      );
      const answer = await stream.receive();
      assert.deepEqual(
        texts(answer.resources),
        names.map((name) => `${name}=${text}`),
      );
      stream.ack(answer);
      await f.acked(Number(text) + 2);
    }
  }
});

test('go-control-plane#1450: a name subscribed again is answered again', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(EDS, 'a')]);
  const stream = f.delta();
  stream.send({ node, typeUrl: EDS, resourceNamesSubscribe: ['a'] });
  stream.ack(await stream.receive());
  stream.send({ typeUrl: EDS, resourceNamesUnsubscribe: ['a'] });
  stream.send({ typeUrl: EDS, resourceNamesSubscribe: ['a'] });
  const second = await stream.receive();
  assert.deepEqual(texts(second.resources), ['a=1']);
  stream.ack(second);
  stream.send({ typeUrl: EDS, resourceNamesSubscribe: ['a'] });
  assert.deepEqual(texts((await stream.receive()).resources), ['a=1']);
});

test('go-control-plane#46, #962: a refusal does not bring the same answer again', async (t) => {
  for (const protocol of ['sotw', 'delta'] as const) {
    const f = await fixture(t);
    f.server.set('cart', [resource(RDS, 'bad')]);
    const stream = f[protocol]();
    stream.send({ node, typeUrl: RDS, resourceNames: ['bad'], resourceNamesSubscribe: ['bad'] } as never);
    const nacked = f.next('nack');
    stream.nack((await stream.receive()) as never, 'no', ['bad']);
    await nacked;
    stream.send({ typeUrl: CDS } as never);
    assert.equal((await stream.receive()).typeUrl, CDS);
    assert.equal(f.server.counters.pushes, 2);
    // The same again, said by whoever sets: still not.
    f.server.set('cart', [resource(RDS, 'bad')]);
    stream.send({ typeUrl: LDS } as never);
    assert.equal((await stream.receive()).typeUrl, LDS);
    assert.equal(f.server.counters.pushes, 3);
  }
});

test('go-control-plane#564: after a bad push there is a way back', async (t) => {
  const f = await fixture(t);
  const good = [resource(CDS, 'a')];
  f.server.set('cart', good);
  const stream = f.sotw();
  stream.send({ node, typeUrl: CDS });
  stream.ack(await stream.receive());
  f.server.set('cart', [resource(CDS, 'a', 'bad')]);
  stream.nack(await stream.receive(), 'no');
  const restored = await stream.receive();
  assert.deepEqual(texts(restored.resources), ['a=1'], 'by itself');
  stream.ack(restored);
  const { revision } = f.server.set('cart', good);
  assert.equal((await f.server.settled('cart', revision)).state, 'acked', 'and by whoever sets');
});

test('kgateway#14372: routes do not come before their cluster', async (t) => {
  for (const protocol of ['sotw', 'delta'] as const) {
    const f = await fixture(t);
    const before = [resource(CDS, 'old'), resource(LDS, 'in'), resource(RDS, 'to', 'old')];
    f.server.set('cart', before);
    const stream = f[protocol]();
    const ask = (typeUrl: string, names: string[] = []) =>
      stream.send({ node, typeUrl, resourceNames: names, resourceNamesSubscribe: names } as never);
    ask(CDS);
    stream.ack((await stream.receive()) as never);
    ask(LDS);
    stream.ack((await stream.receive()) as never);
    ask(RDS, ['to']);
    stream.ack((await stream.receive()) as never, ['to']);
    const { revision } = f.server.set('cart', [resource(RDS, 'to', 'new'), resource(LDS, 'in'), resource(CDS, 'new')]);
    const settled = f.server.settled('cart', revision);
    const seen: string[] = [];
    for (let i = 0; i < 3; i++) {
      const answer = await stream.receive();
      const removed = 'removedResources' in answer ? answer.removedResources.map((name) => `-${name}`) : [];
      seen.push([...texts(answer.resources), ...removed].join(' '));
      assert.deepEqual(stream.pending, [], 'nothing more before this is acknowledged');
      stream.ack(answer as never, answer.typeUrl === RDS ? ['to'] : []);
    }
    assert.deepEqual(seen, protocol === 'sotw' ? ['new=1 old=1', 'to=new', 'new=1'] : ['new=1', 'to=new', '-old']);
    assert.equal((await settled).state, 'acked');
  }
});

test('kgateway#14654: a request that cannot be answered now is answered when it can be', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(CDS, 'a')]);
  const stream = f.sotw();
  stream.send({ node, typeUrl: RDS, resourceNames: ['later'] });
  stream.send({ typeUrl: CDS });
  stream.ack(await stream.receive());
  f.server.set('cart', [resource(CDS, 'a'), resource(RDS, 'other')]);
  f.server.set('cart', [resource(CDS, 'a'), resource(RDS, 'other'), resource(RDS, 'later')]);
  assert.deepEqual(texts((await stream.receive()).resources), ['later=1']);
});

test('kgateway#14654: endpoints that nobody asks for yet do not hold back those somebody does', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(CDS, 'a'), resource(EDS, 'a')]);
  const stream = f.sotw();
  stream.send({ node, typeUrl: CDS });
  stream.ack(await stream.receive());
  stream.send({ typeUrl: EDS, resourceNames: ['a'] });
  stream.ack(await stream.receive(), ['a']);
  await f.acked(2);
  // The proxy refuses the new cluster and so never asks for its endpoints.
  f.server.set('cart', [resource(CDS, 'a'), resource(CDS, 'b'), resource(EDS, 'a'), resource(EDS, 'b')]);
  stream.nack(await stream.receive(), 'b: no');
  stream.ack(await stream.receive());
  await f.acked(3);
  for (const text of ['2', '3']) {
    f.server.set('cart', [resource(CDS, 'a'), resource(CDS, 'b'), resource(EDS, 'a', text), resource(EDS, 'b')]);
    let answer = await stream.receive();
    // What was refused with the cluster made the known one uncertain: its endpoints may come once more first.
    while (texts(answer.resources)[0] !== `a=${text}`) {
      assert.deepEqual([answer.typeUrl, texts(answer.resources)], [EDS, ['a=1']]);
      stream.ack(answer, ['a']);
      answer = await stream.receive();
    }
    stream.ack(answer, ['a']);
  }
});

test('cilium#48631: a stale nonce is credited with nothing', async (t) => {
  const f = await fixture(t, { patienceMs: 1 });
  f.server.set('cart', [resource(CDS, 'a')]);
  const stream = f.sotw();
  stream.send({ node, typeUrl: CDS });
  const first = await stream.receive();
  const { revision } = f.server.set('cart', [resource(CDS, 'a', '2')]);
  const second = await stream.receive();
  assert.deepEqual(texts(second.resources), ['a=2']);
  stream.ack(first);
  stream.send({ typeUrl: LDS });
  await stream.receive();
  assert.equal(f.server.counters.acks, 0);
  const type = f.server.status()[0]!.types.find((s) => s.type === 'CDS')!;
  assert.deepEqual([type.versionAcked, type.waiting], [undefined, true]);
  const settled = f.server.settled('cart', revision);
  stream.ack(second);
  assert.equal((await settled).state, 'acked');
});
