/** What the management server tells of its nodes: by CSDS, and by the types that istioctl asks for. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import { ClustersConfigDumpSchema } from '../../control-plane/envoy/protos/gen/envoy/admin/v3/config_dump_shared_pb.js';
import { ClusterSchema } from '../../control-plane/envoy/protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ListenerSchema } from '../../control-plane/envoy/protos/gen/envoy/config/listener/v3/listener_pb.js';
import { SecretSchema } from '../../control-plane/envoy/protos/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import {
  type ClientConfig,
  ClientConfigSchema,
  ClientStatusDiscoveryService,
  ClientStatusRequestSchema,
  type ClientStatusResponse,
  ConfigStatus,
} from '../../control-plane/envoy/protos/gen/envoy/service/status/v3/csds_pb.js';
import { grpcService } from '../../control-plane/envoy/protos/grpc.ts';
import { shortName, typeUrls } from '../../control-plane/xds/index.ts';
import { connect, SotwStream } from './client.ts';
import { CDS, fixture, LDS, resource } from './fixture.ts';

const cluster = (name: string) => ({
  ...resource(CDS, name),
  body: toBinary(ClusterSchema, create(ClusterSchema, { name })),
});

/** A management server with an address that shows its state, and a client of that. */
async function inspected(t: TestContext, inspect: () => string | undefined = () => undefined) {
  const f = await fixture(t, { version: '1.2.3' });
  const { address } = await f.server.listen({ address: `unix:${f.folder}/inspect`, scope: 'production', inspect });
  const client = connect(address);
  t.after(() => client.close());
  const { fetchClientStatus, streamClientStatus } = grpcService(ClientStatusDiscoveryService) as Record<
    string,
    grpc.MethodDefinition<unknown, ClientStatusResponse>
  >;
  type Request = MessageInitShape<typeof ClientStatusRequestSchema>;
  const fetchStatus = (request: Request = {}) =>
    new Promise<ClientConfig[]>((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = fetchClientStatus!;
      const message = create(ClientStatusRequestSchema, request);
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, (error, response) =>
        error ? reject(error) : resolve(response!.config),
      );
    });
  const stream = () => {
    const { path, requestSerialize, responseDeserialize } = streamClientStatus!;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    const answers = call[Symbol.asyncIterator]();
    return {
      async ask(request: Request = {}): Promise<ClientConfig[]> {
        call.write(create(ClientStatusRequestSchema, request));
        return ((await answers.next()).value as ClientStatusResponse).config;
      },
      end: () => call.end(),
    };
  };
  return { ...f, inspector: client, fetchStatus, stream };
}

const lines = (config: ClientConfig | undefined) =>
  config?.genericXdsConfigs.map(
    (c) => `${shortName(c.typeUrl)} ${c.name} ${ConfigStatus[c.configStatus]}${c.xdsConfig ? '' : ' (no body)'}`,
  );

test('a proxy is followed from its first request to its acknowledgement, on one stream', async (t) => {
  const f = await inspected(t);
  const listener = toBinary(ListenerSchema, create(ListenerSchema, { name: 'in' }));
  f.server.set('cart', [cluster('a'), { ...resource(LDS, 'in'), body: listener }]);
  const csds = f.stream();
  assert.deepEqual(lines((await csds.ask())[0]), ['CDS a NOT_SENT', 'LDS in NOT_SENT']);
  const proxy = f.sotw();
  proxy.send({ node: { id: 'cart', cluster: 'shop', metadata: { zone: 'a' } }, typeUrl: CDS });
  const answer = await proxy.receive();
  assert.deepEqual(lines((await csds.ask())[0]), ['CDS a STALE', 'LDS in NOT_SENT']);
  proxy.ack(answer);
  await f.acked(1);
  const [config] = await csds.ask();
  assert.deepEqual(lines(config), ['CDS a SYNCED', 'LDS in NOT_SENT']);
  assert.deepEqual([config!.node?.id, config!.node?.cluster, config!.node?.metadata], ['cart', 'shop', { zone: 'a' }]);
  const [a] = config!.genericXdsConfigs;
  assert.equal(fromBinary(ClusterSchema, a!.xdsConfig!.value).name, 'a');
  assert.ok(a!.lastUpdated && a!.versionInfo);
  csds.end();
});

test('a refusal is shown with its words, and what was refused', async (t) => {
  const f = await inspected(t);
  f.server.set('cart', [cluster('a')]);
  const proxy = f.sotw();
  proxy.send({ node: { id: 'cart' }, typeUrl: CDS });
  const nacked = f.next('nack');
  proxy.nack(await proxy.receive(), 'a: no such thing');
  await nacked;
  const [config] = await f.fetchStatus();
  assert.deepEqual(lines(config), ['CDS a ERROR']);
  const { errorState, versionInfo } = config!.genericXdsConfigs[0]!;
  assert.equal(errorState?.details, 'a: no such thing');
  assert.equal(errorState?.versionInfo, versionInfo);
  assert.ok(errorState?.lastUpdateAttempt);
});

test('nodes are chosen by matchers, bodies are left out when not wanted', async (t) => {
  const f = await inspected(t);
  f.server.set('cart', [cluster('a')]);
  f.server.set('pay', [cluster('a')]);
  const found = await f.fetchStatus({
    nodeMatchers: [{ nodeId: { matchPattern: { case: 'exact', value: 'pay' } } }],
    excludeResourceContents: true,
  });
  assert.deepEqual(
    found.map((c) => [c.node?.id, lines(c)]),
    [['pay', ['CDS a NOT_SENT (no body)']]],
  );
  const regex = { nodeId: { matchPattern: { case: 'safeRegex', value: { regex: '.*' } } } } as const;
  await assert.rejects(f.fetchStatus({ nodeMatchers: [regex] }), { code: grpc.status.INVALID_ARGUMENT });
});

test('secrets are not shown', async (t) => {
  const f = await inspected(t);
  const tlsCertificate = { privateKey: { specifier: { case: 'inlineString', value: 'KEY' } } } as const;
  const secret = create(SecretSchema, { name: 'own', type: { case: 'tlsCertificate', value: tlsCertificate } });
  f.server.set('cart', [{ ...resource(typeUrls.SDS, 'own'), body: toBinary(SecretSchema, secret) }]);
  const [config] = await f.fetchStatus();
  assert.doesNotMatch(Buffer.from(toBinary(ClientConfigSchema, config!)).toString('latin1'), /KEY/);
});

test('an address shows nothing unless told to, nor to whom may not see it, nor what is behind the other wall', async (t) => {
  const f = await inspected(t, () => 'ask somebody else');
  await assert.rejects(f.fetchStatus(), { code: grpc.status.PERMISSION_DENIED, details: 'ask somebody else' });
  const debug = new SotwStream(f.inspector);
  debug.send({ node: { id: 'istioctl' }, typeUrl: 'istio.io/debug/syncz' });
  assert.equal((await debug.ended).details, 'ask somebody else');
  const plain = f.sotw();
  plain.send({ node: { id: 'istioctl' }, typeUrl: 'istio.io/debug/syncz' });
  assert.equal((await plain.ended).code, grpc.status.PERMISSION_DENIED);

  const g = await inspected(t);
  g.server.set('broken', [cluster('a')], { scope: 'shadow' });
  g.server.set('cart', [cluster('a')], { scope: 'production' });
  assert.deepEqual(
    (await g.fetchStatus()).map((c) => c.node?.id),
    ['cart'],
  );
});

test('istioctl’s syncz: the state of each type, of connected proxies, in the form it reads', async (t) => {
  const f = await inspected(t);
  const id = 'sidecar~10.0.0.1~cart-0.shop~shop.svc.cluster.local';
  f.server.set(id, [cluster('a')]);
  f.server.set('absent', [cluster('a')]);
  const proxy = f.sotw();
  proxy.send({
    node: { id, cluster: 'cart', metadata: { ISTIO_VERSION: '1.31', CLUSTER_ID: 'Kubernetes', OWN: 1 } },
    typeUrl: CDS,
  });
  proxy.ack(await proxy.receive());
  await f.acked(1);
  const istioctl = new SotwStream(f.inspector);
  // Its first request already carries a nonce.
  istioctl.send({ node: { id: 'istioctl' }, typeUrl: 'istio.io/debug/syncz', responseNonce: 'some time' });
  const answer = await istioctl.receive();
  assert.deepEqual(JSON.parse(answer.controlPlane!.identifier), {
    Component: 'umbra',
    ID: 'umbra-test',
    Info: { version: '1.2.3' },
  });
  assert.equal(answer.resources.length, 1);
  const { node, genericXdsConfigs } = fromBinary(ClientConfigSchema, answer.resources[0]!.value);
  assert.deepEqual(
    [node?.id, node?.metadata],
    ['cart-0.shop', { CLUSTER_ID: 'Kubernetes', NAMESPACE: 'shop', ISTIO_VERSION: '1.31' }],
  );
  assert.deepEqual(
    genericXdsConfigs.map((c) => [c.typeUrl, ConfigStatus[c.configStatus]]),
    [[CDS, 'SYNCED']],
  );
  // An acknowledgement is no question, another request is.
  istioctl.send({ typeUrl: answer.typeUrl, responseNonce: answer.nonce, versionInfo: answer.versionInfo });
  istioctl.send({ typeUrl: answer.typeUrl, responseNonce: 'another' });
  assert.equal((await istioctl.receive()).nonce, '2');
  assert.deepEqual(
    f.server.status().map((n) => n.nodeId),
    [id, 'absent'],
  );
  istioctl.close();
});

test('istioctl’s config_dump: sections of Envoy’s own, by the name istioctl has of a proxy', async (t) => {
  const f = await inspected(t);
  f.server.set('sidecar~10.0.0.1~cart-0.shop~shop.svc.cluster.local', [cluster('a')]);
  const istioctl = new SotwStream(f.inspector);
  const ask = async (name: string) => {
    istioctl.send({ typeUrl: 'istio.io/debug/config_dump', resourceNames: [name] });
    return (await istioctl.receive()).resources;
  };
  const sections = await ask('cart-0.shop');
  const clusters = fromBinary(ClustersConfigDumpSchema, sections[1]!.value);
  assert.deepEqual(
    clusters.dynamicActiveClusters.map((c) => fromBinary(ClusterSchema, c.cluster!.value).name),
    ['a'],
  );
  const [none] = await ask('nobody.shop');
  assert.match(new TextDecoder().decode(none!.value), /^Proxy not connected to this Pilot instance/);
  istioctl.send({ typeUrl: 'istio.io/debug', resourceNames: ['connections'] });
  assert.deepEqual(JSON.parse(new TextDecoder().decode((await istioctl.receive()).resources[0]!.value)), []);
  istioctl.close();
});
