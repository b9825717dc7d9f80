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
import type { ListenOptions, LoadReport } from '../../control-plane/xds/index.ts';
import { connect } from './client.ts';
import { CDS, fixture, resource } from './fixture.ts';

async function reporting(t: TestContext, more: Partial<ListenOptions> = {}) {
  const f = await fixture(t);
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
    const call = client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize);
    const answers = call[Symbol.asyncIterator]();
    return {
      send: (request: MessageInitShape<typeof LoadStatsRequestSchema>) =>
        call.write(create(LoadStatsRequestSchema, request)),
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
