import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Stream, connect as connectHttp2, constants, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import { DiscoveryRequestSchema } from '../../control-plane/envoy/protos/gen/envoy/service/discovery/v3/discovery_pb.js';
import { frameMessage } from '../../control-plane/xds/http2-call.ts';
import { CDS, EDS, fixture, LDS, RDS, resource, texts } from './fixture.ts';

type Fixture = Awaited<ReturnType<typeof fixture>>;

const hello = (id: string) =>
  frameMessage(toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, { node: { id }, typeUrl: CDS })));

/** A connection whose calls a test writes byte by byte. */
function dial(t: TestContext, f: Fixture) {
  const socket = connectSocket(join(f.folder, 'production'));
  const session = connectHttp2('http://localhost', { createConnection: () => socket });
  session.on('error', () => {});
  t.after(() => session.destroy());
  return {
    closed: new Promise<void>((resolve) => socket.once('close', () => resolve())),
    call: (more: OutgoingHttpHeaders = {}) => {
      const call = session.request({
        ':method': 'POST',
        ':path': '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
        'content-type': 'application/grpc',
        te: 'trailers',
        ...more,
      });
      call.on('error', () => {});
      return call;
    },
  };
}

const closed = (call: ClientHttp2Stream) => new Promise<void>((resolve) => call.once('close', resolve));

/** A client that asks for clusters and then reads nothing at all: not the answers, and no byte of its socket beyond a window. */
function deaf(t: TestContext, f: Fixture, id: string) {
  const { call, closed } = dial(t, f);
  call().write(hello(id));
  return { closed };
}

/** A stream that has its one cluster. */
async function opened(f: Fixture, id: string) {
  f.server.set(id, [resource(CDS, 'a')]);
  const stream = f.delta();
  stream.send({ node: { id }, typeUrl: CDS });
  stream.ack(await stream.receive());
  return stream;
}

const large = (version: number) => resource(CDS, 'a', `${version} ${'x'.repeat(200_000)}`);

test('a client that never reads costs a few answers, slows nobody, and is cut off', async (t) => {
  const f = await fixture(t, { limits: { stallMs: 2000 }, patienceMs: 1 });
  f.server.set('deaf', [large(0)]);
  const deafened = f.next('disconnect');
  const { closed } = deaf(t, f, 'deaf');
  await f.next('connect');
  f.server.set('cart', [large(0)]);
  const stream = f.delta();
  stream.send({ node: { id: 'cart' }, typeUrl: CDS });
  for (let version = 1; version <= 100; version++) {
    stream.ack(await stream.receive());
    f.server.set('deaf', [large(version)]);
    f.server.set('cart', [large(version)]);
  }
  stream.ack(await stream.receive());
  await f.acked(101);
  const forTheDeaf = f.server.counters.pushes - 101;
  assert.ok(forTheDeaf >= 1 && forTheDeaf <= 5, `${forTheDeaf} answers were made for a client that reads none`);
  await deafened;
  await closed;
  const [{ kind, nodeId, detail }] = f.audit as [(typeof f.audit)[0]];
  assert.deepEqual([kind, nodeId], ['limit-exceeded', 'deaf']);
  assert.match(detail, /answers left unread/);
});

test('requests that come too fast wait, and only they', async (t) => {
  const f = await fixture(t, { limits: { requestRate: 20, requestBurst: 5, spareRequestRate: 1 } });
  f.server.set('flood', [resource(CDS, 'a')]);
  f.server.set('cart', [resource(CDS, 'a')]);
  const flood = f.delta();
  flood.send({ node: { id: 'flood' }, typeUrl: CDS });
  const names = Array.from({ length: 30 }, (_, i) => `n${i}`);
  for (const name of names) flood.send({ typeUrl: CDS, resourceNamesSubscribe: [name] });
  const cart = f.delta();
  await flood.receive();
  cart.send({ node: { id: 'cart' }, typeUrl: CDS });
  await cart.receive();
  const status = f.server.status().find((n) => n.nodeId === 'flood')!;
  assert.ok(status.types[0]!.names.length < names.length, 'served while the flood was held back');
  const missing = new Set(names);
  while (missing.size > 0) {
    const answer = await flood.receive();
    for (const name of answer.removedResources) missing.delete(name);
    flood.ack(answer);
  }
  assert.equal(f.audit.length, 0, 'nothing was lost, and nobody was turned away');
});

test('a large list holds its stream back like many small requests, but not who sends the same just after', async (t) => {
  const f = await fixture(t, { limits: { requestRate: 10, requestBurst: 10, spareRequestRate: 1 } });
  const large = Array.from({ length: 24 }, (_, i) => `${i}`.padEnd(1024, 'n'));
  const askForBoth = async (id: string) => {
    const stream = await opened(f, id);
    stream.send({ typeUrl: EDS, resourceNamesSubscribe: large });
    await stream.receive();
    stream.send({ typeUrl: EDS, resourceNamesSubscribe: ['small'] });
    return { stream, names: () => f.server.status().find((n) => n.nodeId === id)!.types[1]!.names };
  };
  const greedy = await askForBoth('greedy');
  const follower = await askForBoth('follower');
  await follower.stream.receive();
  assert.ok(follower.names().includes('small'));
  assert.ok(!greedy.names().includes('small'), 'it was served while the greedy one was held back');
  assert.deepEqual((await greedy.stream.receive()).removedResources, ['small']);
  // Who repeats itself saves the server only the reading.
  follower.stream.send({ typeUrl: EDS, resourceNamesSubscribe: large });
  await follower.stream.receive();
  follower.stream.send({ typeUrl: EDS, resourceNamesSubscribe: ['late'] });
  await (await askForBoth('third')).stream.receive();
  assert.ok(!follower.names().includes('late'));
});

test('acknowledgements count for nothing, and a node said again for little', async (t) => {
  const f = await fixture(t, { limits: { requestRate: 0.01, requestBurst: 5, spareRequestRate: 0.01 } });
  const metadata = { fields: { long: { kind: { case: 'stringValue' as const, value: 'x'.repeat(3000) } } } };
  f.server.set('cart', [resource(CDS, 'a', '0')]);
  const stream = f.delta();
  stream.send({ node: { id: 'cart', metadata }, typeUrl: CDS });
  // An Envoy says who it is in each of its requests.
  for (let i = 1; i <= 50; i++) {
    const { nonce } = await stream.receive();
    stream.send({ node: { id: 'cart', metadata }, typeUrl: CDS, responseNonce: nonce });
    f.server.set('cart', [resource(CDS, 'a', `${i}`)]);
  }
  stream.ack(await stream.receive());
  await f.acked(51);
});

test('an acknowledgement that asks for something is a request', async (t) => {
  const f = await fixture(t, { limits: { requestRate: 0.01, requestBurst: 10, spareRequestRate: 0.01 } });
  let answers = 0;
  const endless = async (stream: ReturnType<typeof f.delta>) => {
    stream.send({ node: { id: 'cart' }, typeUrl: CDS, resourceNamesSubscribe: ['*'] });
    for (;;) {
      const { nonce } = await stream.receive();
      answers++;
      stream.send({ typeUrl: CDS, responseNonce: nonce, resourceNamesSubscribe: ['*'] });
    }
  };
  const alternating = async (stream: ReturnType<typeof f.sotw>) => {
    stream.send({ node: { id: 'cart' }, typeUrl: EDS, resourceNames: ['a'] });
    for (let i = 0; ; i++) {
      const { nonce, versionInfo } = await stream.receive();
      answers++;
      const resourceNames = [i % 2 === 0 ? 'b' : 'a'];
      stream.send({ typeUrl: EDS, responseNonce: nonce, versionInfo, resourceNames });
    }
  };
  f.server.set('cart', [resource(CDS, 'a'), resource(EDS, 'a'), resource(EDS, 'b')]);
  f.server.set('modest', [resource(CDS, 'a', '0')]);
  const modest = f.delta();
  modest.send({ node: { id: 'modest' }, typeUrl: CDS });
  for (const run of [() => endless(f.delta()), () => alternating(f.sotw())]) {
    answers = 0;
    run().catch(() => {});
    for (let i = 1; i <= 50 || answers < 8; i++) {
      modest.ack(await modest.receive());
      f.server.set('modest', [resource(CDS, 'a', `${answers}.${i}`)]);
    }
    assert.ok(answers < 20, `${answers} answers`);
  }
});

test('who goes beyond its own rate waits with those who do the same, and with nobody else', async (t) => {
  const f = await fixture(t, { limits: { requestRate: 1, requestBurst: 10, spareRequestRate: 4 } });
  const names = (id: string) => f.server.status().find((n) => n.nodeId === id)!.types[0]!.names;
  const [greedy, second, modest] = [await opened(f, 'greedy'), await opened(f, 'second'), await opened(f, 'modest')];
  const ask = async (stream: typeof greedy, ...resourceNamesSubscribe: string[]) => {
    stream.send({ typeUrl: CDS, resourceNamesSubscribe });
    const { removedResources } = await stream.receive();
    return removedResources;
  };
  // Some ten times what one may ask for at once: what is spare is used up for seconds.
  await ask(greedy, ...Array.from({ length: 25 }, (_, i) => `${i}`.padEnd(1000, 'n')));
  await ask(second, ...Array.from({ length: 4 }, (_, i) => `${i}`.padEnd(1000, 'n')));
  second.send({ typeUrl: CDS, resourceNamesSubscribe: ['waits'] });
  for (let i = 0; i < 8; i++) assert.deepEqual(await ask(modest, `m${i}`), [`m${i}`]);
  assert.ok(!names('second').includes('waits'), 'it was served before what is spare had come back');
  assert.deepEqual((await second.receive()).removedResources, ['waits']);
});

test('a stream that does not say who it is ends', async (t) => {
  const f = await fixture(t, { limits: { helloMs: 1 } });
  const ended = await f.sotw().ended;
  assert.deepEqual([ended.code, ended.details], [grpc.status.DEADLINE_EXCEEDED, 'no request came']);
});

for (const [lane, headers] of [
  ['the fast lane', {}],
  ['grpc-js', { 'grpc-timeout': '1H' }],
] as const) {
  test(`a connection may keep few bytes of requests that do not end (${lane})`, async (t) => {
    const f = await fixture(t, { limits: { unfinishedBytes: 1000 } });
    f.server.set('cart', [resource(CDS, 'a')]);
    const { call } = dial(t, f);
    const half = Buffer.concat([hello('cart'), frameMessage(Buffer.alloc(2000)).subarray(0, 600)]);
    const first = call(headers);
    first.write(half);
    await once(first, 'data');
    const second = call(headers);
    second.resume();
    second.write(half);
    await closed(second);
    assert.equal(second.rstCode, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    assert.equal(first.closed, false, 'only the one too many');
    assert.match(f.audit[0]!.detail, /^more than 1000 bytes of unfinished messages, from /);
  });

  test(`a request that does not end ends its stream (${lane})`, async (t) => {
    const f = await fixture(t, { limits: { helloMs: 1, stallMs: 400 } });
    f.server.set('cart', [resource(CDS, 'a')]);
    const call = dial(t, f).call(headers);
    call.resume();
    call.write(Buffer.concat([hello('cart'), frameMessage(Buffer.alloc(9)).subarray(0, 8)]));
    await closed(call);
    assert.equal(call.rstCode, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    assert.match(f.audit[0]!.detail, /^a message left unfinished, from /);
  });
}

test('neither one connection nor one node gets all the streams', async (t) => {
  const f = await fixture(t, { limits: { streamsPerNode: 2 } });
  f.server.set('cart', []);
  f.server.set('other', []);
  const ask = async (id: string) => {
    const stream = f.sotw();
    stream.send({ node: { id }, typeUrl: CDS });
    return stream;
  };
  const served = [await ask('cart'), await ask('cart')];
  for (const stream of served) await stream.receive();
  const refused = await (await ask('cart')).ended;
  assert.equal(refused.code, grpc.status.RESOURCE_EXHAUSTED);
  assert.match(refused.details, /2 streams of one node/);
  await (await ask('other')).receive();
  assert.deepEqual(
    f.audit.map((a) => a.kind),
    ['limit-exceeded'],
  );
});

test('a connection too many is closed; the others go on', async (t) => {
  const f = await fixture(t, { limits: { connections: 1 } });
  f.server.set('cart', [resource(CDS, 'a')]);
  const first = f.sotw();
  first.send({ node: { id: 'cart' }, typeUrl: CDS });
  await first.receive();
  const second = f.sotw();
  second.send({ node: { id: 'cart' }, typeUrl: CDS });
  assert.equal((await second.ended).code, grpc.status.UNAVAILABLE);
  first.send({ typeUrl: LDS });
  assert.equal((await first.receive()).typeUrl, LDS);
});

test('who tries again and again is told about once', async (t) => {
  const f = await fixture(t, { limits: { nameLength: 10 } });
  for (let i = 0; i < 5; i++) {
    const stream = f.sotw();
    stream.send({ node: { id: `made-up-${i}`.slice(-10) }, typeUrl: 't/x', resourceNames: ['x'.repeat(11)] });
    assert.equal((await stream.ended).code, grpc.status.RESOURCE_EXHAUSTED);
  }
  assert.equal(f.audit.length, 1);
  assert.deepEqual(f.server.status(), [], 'and nothing is left of them');
});

test('names that users of a proxy make up cost it neither its stream nor what else it asks for', async (t) => {
  const f = await fixture(t, { limits: { nameLength: 60, names: 3 } });
  f.server.set('cart', [resource(CDS, 'a'), resource(CDS, 'b')]);
  const stream = f.delta();
  stream.send({ node: { id: 'cart' }, typeUrl: CDS, resourceNamesSubscribe: ['a'] });
  stream.ack(await stream.receive());
  const long = 'x'.repeat(61);
  const missing: string[] = [];
  for (const name of [long, 'n1', 'n2', 'n3', 'n4']) {
    stream.send({ typeUrl: CDS, resourceNamesSubscribe: [name] });
    const answer = await stream.receive();
    missing.push(...answer.removedResources);
    stream.ack(answer);
  }
  assert.deepEqual(missing, [long, 'n1', 'n2', 'n3', 'n4']);
  stream.send({ typeUrl: CDS, resourceNamesSubscribe: ['b'] });
  assert.deepEqual(texts((await stream.receive()).resources), ['b=1']);
  assert.deepEqual(f.server.status()[0]!.types[0]!.names.toSorted(), ['a', 'b', 'n1', 'n2']);
  assert.deepEqual(
    f.audit.map(({ kind, detail }) => [kind, detail.split(',')[0]]),
    [
      ['limit-exceeded', 'resource name too long to be remembered'],
      ['limit-exceeded', 'more than 3 names to be remembered'],
    ],
    'each once',
  );
});

test('noise on the socket hurts nobody', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(CDS, 'a')]);
  const noises = [
    'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + 'x'.repeat(1000),
    randomBytes(100_000),
    '',
  ];
  await Promise.all(
    noises.map((noise) => {
      const socket = connectSocket(join(f.folder, 'production'));
      socket.on('error', () => {});
      socket.resume();
      socket.end(noise);
      return new Promise<void>((resolve) => socket.once('close', () => resolve()));
    }),
  );
  const stream = f.sotw();
  stream.send({ node: { id: 'cart' }, typeUrl: CDS });
  assert.deepEqual(texts((await stream.receive()).resources), ['a=1']);
});

test('a stream ended while its client reads nothing does not stay for ever', async (t) => {
  const f = await fixture(t, { limits: { stallMs: 1000 } });
  f.server.set('deaf', [large(1)]);
  const { closed } = deaf(t, f, 'deaf');
  await f.next('connect');
  f.server.forget('deaf');
  await closed;
});

test('settled() does not wait for ever for a client that does not read', async (t) => {
  const f = await fixture(t, { limits: { stallMs: 500 } });
  const { revision } = f.server.set('deaf', [large(1), resource(EDS, 'e'), resource(RDS, 'r')]);
  deaf(t, f, 'deaf');
  await f.next('disconnect');
  const settlement = await f.server.settled('deaf', revision, AbortSignal.abort());
  assert.deepEqual([settlement.state, settlement.detail], ['absent', 'not connected']);
});
