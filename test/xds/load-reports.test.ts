/** The load reporting service as a client sees it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import {
  LoadReportingService,
  LoadStatsRequestSchema,
  type LoadStatsResponse,
} from '../../control-plane/envoy/protos/gen/envoy/service/load_stats/v3/lrs_pb.js';
import { grpcService } from '../../control-plane/envoy/protos/grpc.ts';
import type { Limits, ListenOptions, LoadReport } from '../../control-plane/xds/index.ts';
import { connect } from './client.ts';
import { CDS, fixture, resource } from './fixture.ts';

async function reporting(t: TestContext, more: Partial<ListenOptions> = {}, limits: Partial<Limits> = {}) {
  const f = await fixture(t, { limits });
  const { address } = await f.server.listen({
    address: `unix:${f.folder}/lrs`,
    scope: 'production',
    loadReports: { intervalMs: 2500, endpoints: true },
    ...more,
  });
  const client = connect(address);
  t.after(() => client.close());
  const method = Object.values(grpcService(LoadReportingService))[0] as grpc.MethodDefinition<
    unknown,
    LoadStatsResponse
  >;
  const stream = () => {
    const call = client.makeBidiStreamRequest(method.path, (bytes: Buffer) => bytes, method.responseDeserialize);
    const answers = call[Symbol.asyncIterator]();
    return {
      send: (request: MessageInitShape<typeof LoadStatsRequestSchema>) =>
        call.write(method.requestSerialize(create(LoadStatsRequestSchema, request))),
      sendBytes: (bytes: Buffer) => call.write(bytes),
      receive: async () => (await answers.next()).value as LoadStatsResponse,
      end: () => call.end(),
    };
  };
  const report = () =>
    new Promise<LoadReport>((resolve) => {
      const off = f.server.on('load', (r) => {
        off();
        resolve(r);
      });
    });
  return { ...f, stream, report };
}

const stats = { clusterName: 'a', upstreamLocalityStats: [{ totalIssuedRequests: 7n, totalErrorRequests: 2n }] };

test('a client is asked for its clusters by name, again when they change, and its reports are events', async (t) => {
  const f = await reporting(t);
  f.server.set('cart', [resource(CDS, 'b'), resource(CDS, 'a')]);
  const lrs = f.stream();
  lrs.send({ node: { id: 'cart' } });
  const asked = await lrs.receive();
  assert.deepEqual([asked.clusters, asked.sendAllClusters], [['a', 'b'], false]);
  assert.deepEqual([asked.loadReportingInterval?.seconds, asked.loadReportingInterval?.nanos], [2n, 500_000_000]);
  assert.equal(asked.reportEndpointGranularity, true);
  f.server.set('cart', [resource(CDS, 'a')]);
  const reported = f.report();
  lrs.send({ clusterStats: [stats] });
  const { nodeId, clusters } = await reported;
  assert.deepEqual([nodeId, clusters.map((c) => [c.cluster, c.issued, c.errors])], ['cart', [['a', 7, 2]]]);
  assert.deepEqual((await lrs.receive()).clusters, ['a']);
  lrs.end();
});

test('all clusters are asked for only where the client says that it understands', async (t) => {
  const f = await reporting(t);
  f.server.set('cart', [resource(CDS, 'a')]);
  const lrs = f.stream();
  lrs.send({ node: { id: 'cart', clientFeatures: ['envoy.lrs.supports_send_all_clusters'] } });
  const { sendAllClusters, clusters } = await lrs.receive();
  assert.deepEqual([sendAllClusters, clusters], [true, []]);
  lrs.end();
});

test('who may not be a node may not report as it', async (t) => {
  const f = await reporting(t, { authorise: (_, id) => (id === 'cart' ? undefined : 'somebody else') });
  for (const [node, code] of [
    [undefined, grpc.status.INVALID_ARGUMENT],
    [{ id: 'pay' }, grpc.status.PERMISSION_DENIED],
  ] as const) {
    const lrs = f.stream();
    lrs.send(node ? { node } : {});
    await assert.rejects(lrs.receive(), { code });
  }
  f.server.set('cart', [], { scope: 'shadow' });
  const lrs = f.stream();
  lrs.send({ node: { id: 'cart' } });
  await assert.rejects(lrs.receive(), { code: grpc.status.PERMISSION_DENIED, details: 'node cart belongs to shadow' });
});

test('reports that come too often are dropped, and told of once', async (t) => {
  const f = await reporting(t);
  f.server.set('cart', [resource(CDS, 'a')]);
  let taken = 0;
  let dropped = 0;
  f.server.on('load', () => taken++);
  const all = new Promise<void>((resolve) =>
    f.server.on('attempt', ({ kind }) => {
      if (kind === 'limit-exceeded' && ++dropped === 6) resolve();
    }),
  );
  const lrs = f.stream();
  lrs.send({ node: { id: 'cart' } });
  await lrs.receive();
  for (let i = 0; i < 10; i++) lrs.send({ clusterStats: [stats] });
  await all;
  assert.equal(taken, 4);
  assert.deepEqual(
    f.audit.map(({ nodeId, detail }) => [nodeId, detail.split(',')[0]]),
    [['cart', 'load reports too often']],
  );
  lrs.end();
});

test('reports that come too fast wait, and only they', async (t) => {
  const f = await reporting(t, {}, { requestRate: 5, requestBurst: 2, spareRequestRate: 1 });
  let heard = 0;
  const all = new Promise<void>((resolve) => {
    const count = () => ++heard === 10 && resolve();
    f.server.on('load', count);
    f.server.on('attempt', count);
  });
  const [flood, lrs] = [f.stream(), f.stream()];
  flood.send({ node: { id: 'flood' } });
  for (let i = 0; i < 10; i++) flood.send({ clusterStats: [stats] });
  await flood.receive();
  lrs.send({ node: { id: 'cart' } });
  await lrs.receive();
  assert.ok(heard < 10, 'served while the flood was held back');
  await all;
  for (const stream of [flood, lrs]) stream.end();
});

test('streams of reports are counted like others, have to say who they are, and say it shortly', async (t) => {
  const f = await reporting(t, {}, { streams: 1, nameLength: 10 });
  const long = f.stream();
  long.send({ node: { id: 'x'.repeat(11) } });
  await assert.rejects(long.receive(), { code: grpc.status.INVALID_ARGUMENT });
  const first = f.stream();
  first.send({ node: { id: 'cart' } });
  await first.receive();
  const second = f.stream();
  second.send({ node: { id: 'cart' } });
  await assert.rejects(second.receive(), { code: grpc.status.RESOURCE_EXHAUSTED, details: 'too many streams' });
  first.end();
  const silent = (await reporting(t, {}, { helloMs: 1 })).stream();
  await assert.rejects(silent.receive(), { code: grpc.status.DEADLINE_EXCEEDED, details: 'no request came' });
});

test('what is no report ends its stream', async (t) => {
  const f = await reporting(t);
  const lrs = f.stream();
  lrs.sendBytes(Buffer.from('no report'));
  await assert.rejects(lrs.receive(), { code: grpc.status.INVALID_ARGUMENT });
});
