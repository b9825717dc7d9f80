import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { wallClock } from '../../control-plane/mesh/clock.ts';
import { UmbraError } from '../../control-plane/mesh/errors.ts';
import { createManagementServer } from '../../control-plane/xds/index.ts';
import { connect, SotwStream } from './client.ts';
import { CDS, EDS, fixture, LDS, RTDS, resource, texts } from './fixture.ts';

const node = { id: 'cart' };

test('nothing is served before a set was given, not even nothing; then everything asked for is', async (t) => {
  for (const protocol of ['sotw', 'delta'] as const) {
    const f = await fixture(t);
    const connected = f.next('connect');
    const stream = f[protocol]();
    stream.send({ node, typeUrl: CDS } as never);
    stream.send({ typeUrl: LDS } as never);
    await connected;
    assert.equal(f.server.status()[0]!.revision, 0);
    assert.equal(f.server.counters.pushes, 0);
    f.server.set('cart', [resource(CDS, 'a')]);
    assert.deepEqual(texts((await stream.receive()).resources), ['a=1']);
    assert.equal(f.server.counters.pushes, 1);
  }
});

test('a restarted server with the same set says the same versions', async (t) => {
  const versions: string[] = [];
  for (let i = 0; i < 2; i++) {
    const f = await fixture(t);
    f.server.set('cart', [resource(CDS, 'b'), resource(CDS, 'a')]);
    const stream = f.sotw();
    stream.send({ node, typeUrl: CDS });
    versions.push((await stream.receive()).versionInfo);
  }
  assert.equal(versions[0], versions[1]);
});

test('who sets may say what a state is called; a new name for the same state is no change', async (t) => {
  for (const protocol of ['sotw', 'delta'] as const) {
    const f = await fixture(t);
    f.server.set('cart', [resource(CDS, 'a')], { versions: { [CDS]: 'v1' } });
    const stream = f[protocol]();
    stream.send({ node, typeUrl: CDS } as never);
    const said = (answer: object) => Object.entries(answer).find(([key]) => /^(system)?versionInfo$/i.test(key))?.[1];
    const first = await stream.receive();
    assert.equal(said(first), 'v1');
    stream.ack(first as never);
    await f.acked(1);
    assert.equal(f.server.status()[0]!.types[0]!.versionAcked, 'v1');
    f.server.set('cart', [resource(CDS, 'a')], { versions: { [CDS]: 'v2' } });
    f.server.set('cart', [resource(CDS, 'a', '2')], { versions: { [CDS]: 'v3' } });
    assert.equal(said(await stream.receive()), 'v3');
    assert.equal(f.server.counters.pushes, 2);
  }
});

test('the node is who it was on the first request', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(CDS, 'cart'), resource(EDS, 'cart')]);
  f.server.set('other', [resource(CDS, 'other'), resource(EDS, 'other')]);
  const stream = f.sotw();
  stream.send({ node, typeUrl: CDS });
  assert.deepEqual(texts((await stream.receive()).resources), ['cart=1']);
  stream.send({ node: { id: 'other' }, typeUrl: EDS, resourceNames: ['cart', 'other'] });
  assert.deepEqual(texts((await stream.receive()).resources), ['cart=1']);
});

test('requests that cannot be served end the stream with the reason', async (t) => {
  const f = await fixture(t, { limits: { names: 3, types: 2, nameLength: 10_000 } });
  f.server.set('cart', []);
  const { status } = grpc;
  const table: [string, (s: SotwStream) => void, number, RegExp][] = [
    ['no node', (s) => s.send({ typeUrl: CDS }), status.INVALID_ARGUMENT, /node\.id/],
    ['an empty id', (s) => s.send({ node: { id: '' }, typeUrl: CDS }), status.INVALID_ARGUMENT, /node\.id/],
    ['no type', (s) => s.send({ node }), status.INVALID_ARGUMENT, /no type/],
    ['not protobuf', (s) => s.write(Buffer.from('hello')), status.INVALID_ARGUMENT, /not a discovery request/],
    [
      'too many names',
      (s) => s.send({ node, typeUrl: EDS, resourceNames: ['a', 'b', 'c', 'd'] }),
      status.RESOURCE_EXHAUSTED,
      /3 names/,
    ],
    [
      'too many types',
      (s) => {
        s.send({ node, typeUrl: CDS });
        s.send({ typeUrl: EDS, resourceNames: ['a'] });
        s.send({ typeUrl: LDS });
      },
      status.RESOURCE_EXHAUSTED,
      /2 types/,
    ],
    [
      'too long a name',
      (s) => s.send({ node, typeUrl: CDS, resourceNames: ['x'.repeat(10_001)] }),
      status.RESOURCE_EXHAUSTED,
      /name too long/,
    ],
  ];
  for (const [name, send, code, details] of table)
    await t.test(name, async () => {
      const stream = f.sotw();
      send(stream);
      const ended = await stream.ended;
      assert.equal(ended.code, code, ended.details);
      assert.match(ended.details, details);
    });
  assert.deepEqual(new Set(f.audit.map((a) => a.code)), new Set(['UMB0305']));
});

test('a message beyond the limit is not read', async (t) => {
  const f = await fixture(t, { limits: { messageBytes: 1000 } });
  const stream = f.sotw();
  stream.send({ node, typeUrl: CDS, resourceNames: ['x'.repeat(2000)] });
  assert.equal((await stream.ended).code, grpc.status.RESOURCE_EXHAUSTED);
});

test('no more streams than the limit; one that ends makes room', async (t) => {
  const f = await fixture(t, { limits: { streams: 1 } });
  f.server.set('cart', []);
  const first = f.sotw();
  first.send({ node, typeUrl: CDS });
  await first.receive();
  const second = f.sotw();
  second.send({ node, typeUrl: CDS });
  assert.equal((await second.ended).code, grpc.status.RESOURCE_EXHAUSTED);
  const gone = f.next('disconnect');
  first.close();
  await gone;
  const third = f.sotw();
  third.send({ node, typeUrl: CDS });
  assert.equal((await third.receive()).typeUrl, CDS);
});

test('settled() says absent and why when nobody acknowledges in time', async (t) => {
  const f = await fixture(t);
  const { revision } = f.server.set('cart', [resource(CDS, 'a')]);
  const nobody = await f.server.settled('cart', revision, AbortSignal.abort());
  assert.deepEqual([nobody.state, nobody.detail], ['absent', 'not connected']);
  const stream = f.sotw();
  stream.send({ node, typeUrl: CDS });
  const answer = await stream.receive();
  const aborter = new AbortController();
  const silent = f.server.settled('cart', revision, aborter.signal);
  aborter.abort();
  assert.deepEqual([(await silent).state, (await silent).detail], ['absent', 'not acknowledged: CDS']);
  const settled = f.server.settled('cart', revision);
  stream.ack(answer);
  assert.equal((await settled).state, 'acked');
  assert.equal((await f.server.settled('stranger', 1)).state, 'absent');
});

test('settled() of a superseded revision is settled by the newer state', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(CDS, 'a')]);
  const stream = f.sotw();
  stream.send({ node, typeUrl: CDS });
  const first = await stream.receive();
  const second = f.server.set('cart', [resource(CDS, 'a', '2')]);
  const settled = f.server.settled('cart', second.revision);
  f.server.set('cart', [resource(CDS, 'a', '3')]);
  stream.ack(first);
  const newest = await stream.receive();
  assert.deepEqual(texts(newest.resources), ['a=3']);
  stream.ack(newest);
  assert.equal((await settled).state, 'acked');
});

test('a type the proxy never asks for does not hold the rest up for long', async (t) => {
  const f = await fixture(t);
  const { revision } = f.server.set('cart', [resource(CDS, 'a'), resource(RTDS, 'layer')]);
  const stream = f.sotw();
  stream.send({ node, typeUrl: CDS });
  stream.ack(await stream.receive());
  const { state, detail } = await f.server.settled('cart', revision);
  assert.deepEqual([state, detail], ['acked', 'not asked for: RTDS']);
});

test('forget(): the stream ends, who waits is told, a new stream is held', async (t) => {
  const f = await fixture(t);
  const { revision } = f.server.set('cart', [resource(CDS, 'a')]);
  const stream = f.sotw();
  stream.send({ node, typeUrl: CDS });
  await stream.receive();
  const settled = f.server.settled('cart', revision);
  f.server.forget('cart');
  assert.equal((await settled).state, 'absent');
  assert.equal((await stream.ended).code, grpc.status.UNAVAILABLE);
  assert.deepEqual(f.server.status(), []);
  const connected = f.next('connect');
  f.sotw().send({ node, typeUrl: CDS });
  await connected;
  assert.equal(f.server.status()[0]!.revision, 0);
});

test('strangers leave no trace when they go', async (t) => {
  const f = await fixture(t);
  const connected = f.next('connect');
  const stream = f.sotw();
  stream.send({ node: { id: 'stranger' }, typeUrl: CDS });
  await connected;
  assert.equal(f.server.status().length, 1);
  const gone = f.next('disconnect');
  stream.close();
  await gone;
  assert.deepEqual(f.server.status(), []);
});

test('resources that cannot be served are refused by name, the others are served', async (t) => {
  const f = await fixture(t);
  const { refused } = f.server.set('cart', [
    resource(CDS, 'a'),
    resource(CDS, 'a', '2'),
    resource(CDS, ''),
    resource(CDS, '*'),
    resource('nonsense', 'x'),
    resource(CDS, 'b', '1', { version: '' }),
    resource(CDS, 'c', '1', { ttlMs: 0.5 }),
  ]);
  assert.deepEqual(
    refused.map((r) => r.name),
    ['a', '', '*', 'x', 'b', 'c'],
  );
  const stream = f.sotw();
  stream.send({ node, typeUrl: CDS });
  assert.deepEqual(texts((await stream.receive()).resources), ['a=1']);
});

test('per-type services serve their type, and only it', async (t) => {
  const f = await fixture(t);
  f.server.set('cart', [resource(CDS, 'a')]);
  const clusters = f.sotw('production', '/envoy.service.cluster.v3.ClusterDiscoveryService/StreamClusters');
  clusters.send({ node });
  assert.deepEqual(texts((await clusters.receive()).resources), ['a=1']);
  const delta = f.delta('production', '/envoy.service.cluster.v3.ClusterDiscoveryService/DeltaClusters');
  delta.send({ node });
  assert.deepEqual(texts((await delta.receive()).resources), ['a=1']);
  const wrong = f.sotw('production', '/envoy.service.cluster.v3.ClusterDiscoveryService/StreamClusters');
  wrong.send({ node, typeUrl: LDS });
  assert.equal((await wrong.ended).code, grpc.status.INVALID_ARGUMENT);
});

test('other services share the socket', async (t) => {
  const f = await fixture(t);
  const definition: grpc.ServiceDefinition = {
    Echo: {
      path: '/test.Echo/Echo',
      requestStream: false,
      responseStream: false,
      requestSerialize: (b: Buffer) => b,
      requestDeserialize: (b: Buffer) => b,
      responseSerialize: (b: Buffer) => b,
      responseDeserialize: (b: Buffer) => b,
    },
  };
  const implementation = {
    Echo: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => done(null, call.request),
  };
  const { address } = await f.server.listen({
    address: '127.0.0.1:0',
    scope: 'shadow',
    services: [{ definition, implementation }],
  });
  const client = connect(address);
  t.after(() => client.close());
  const asIs = (b: Buffer) => b;
  const echoed = await new Promise<Buffer>((resolve, reject) =>
    client.makeUnaryRequest('/test.Echo/Echo', asIs, asIs, Buffer.from('hi'), (error, value) =>
      error ? reject(error) : resolve(value!),
    ),
  );
  assert.equal(echoed.toString(), 'hi');
});

test('a socket file left behind is replaced; a living one, or any other file, is not', async (t) => {
  const f = await fixture(t);
  const refused = (path: string) =>
    assert.rejects(
      f.server.listen({ address: `unix:${path}`, scope: 'shadow' }),
      (error) => error instanceof UmbraError && error.code === 'UMB0401' && error.message.includes(path),
    );
  await refused(join(f.folder, 'production'));
  const file = join(f.folder, 'file');
  writeFileSync(file, 'precious');
  await refused(file);
  assert.ok(existsSync(file));
  // A server that is killed leaves its file: unref and rename it away so that closing cannot remove it.
  const stale = join(f.folder, 'stale');
  const dead = createServer().listen(stale);
  await new Promise((resolve) => dead.once('listening', resolve));
  const { renameSync } = await import('node:fs');
  const left = join(f.folder, 'left');
  renameSync(stale, left);
  await new Promise((resolve) => dead.close(resolve));
  assert.ok(existsSync(left));
  await f.server.listen({ address: `unix:${left}`, scope: 'shadow' });
  assert.equal(statSync(left).mode & 0o777, 0o600);
});

test('close() ends streams, tells who waits, frees the address, and can be called twice', async (t) => {
  const f = await fixture(t);
  const server = createManagementServer({
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    clock: wallClock,
    identifier: 'x',
    onAudit() {},
  });
  const path = join(f.folder, 'own');
  const { address } = await server.listen({ address: `unix:${path}`, scope: 'production' });
  const { revision } = server.set('cart', [resource(CDS, 'a')]);
  const client = connect(address);
  t.after(() => client.close());
  const stream = new SotwStream(client);
  stream.send({ node, typeUrl: CDS });
  await stream.receive();
  const settled = server.settled('cart', revision);
  await Promise.all([server.close(), server.close()]);
  assert.equal((await settled).state, 'absent');
  assert.equal((await stream.ended).code, grpc.status.UNAVAILABLE);
  assert.equal(existsSync(path), false);
  await assert.rejects(server.listen({ address: `unix:${path}`, scope: 'production' }), UmbraError);
});
