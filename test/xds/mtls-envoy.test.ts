/** A real Envoy that joins by mutual TLS: served, through the replacement of certificates and authorities, under its own name only. */
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { ClusterSchema } from '../../control-plane/envoy/protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { wallClock } from '../../control-plane/mesh/clock.ts';
import type { Resource } from '../../control-plane/xds/index.ts';
import { Credentials } from '../../control-plane/xds/index.ts';
import { contentVersion } from '../../control-plane/xds/resource.ts';
import { findEnvoy, httpGet, startEnvoy } from '../filters/envoy-process.ts';
import type { Issued } from './authority.ts';
import { Authority } from './authority.ts';
import { CDS, fixture } from './fixture.ts';

const binary = findEnvoy();
const skip = binary ? false : 'no Envoy';
const NODE = 'production/cart/0';

/** Clusters that need nothing else to be there. */
const clusters = (...names: string[]): Resource[] =>
  names.map((name) => {
    const body = toBinary(ClusterSchema, create(ClusterSchema, { name, connectTimeout: { seconds: 1n } }));
    return { typeUrl: CDS, name, version: contentVersion(body), body, scope: 'any' };
  });

/** A folder from which an Envoy takes its certificate and its authorities, and takes them anew when they are renamed into it. */
function keyFolder(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-mtls-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, `${name}.new`), content);
    renameSync(join(folder, `${name}.new`), join(folder, name));
  };
  const secret = (name: string, fields: object) =>
    write(
      `${name}.json`,
      JSON.stringify({
        resources: [
          { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret', name, ...fields },
        ],
      }),
    );
  const inline = (pem: Buffer) => ({ inline_string: pem.toString() });
  return {
    folder,
    identity: ({ certificate, key }: Issued) =>
      secret('identity', { tls_certificate: { certificate_chain: inline(certificate), private_key: inline(key) } }),
    trust: (...authorities: Buffer[]) =>
      secret('trust', { validation_context: { trusted_ca: inline(Buffer.concat(authorities)) } }),
  };
}

function bootstrap(nodeId: string, xdsPort: number, keys: string): object {
  const grpc = { envoy_grpc: { cluster_name: 'xds' } };
  const ads = { ads: {}, resource_api_version: 'V3' };
  const secret = (name: string) => ({ name, sds_config: { path_config_source: { path: join(keys, `${name}.json`) } } });
  const port = (port_value: number) => ({ socket_address: { address: '127.0.0.1', port_value } });
  return {
    node: { id: nodeId, cluster: 'cart' },
    admin: { address: port(0) },
    dynamic_resources: {
      ads_config: { api_type: 'DELTA_GRPC', transport_api_version: 'V3', grpc_services: [grpc] },
      cds_config: { ...ads, initial_fetch_timeout: '1s' },
    },
    static_resources: {
      clusters: [
        {
          name: 'xds',
          type: 'STATIC',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          transport_socket: {
            name: 'tls',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
              sni: 'localhost',
              common_tls_context: {
                tls_certificate_sds_secret_configs: [secret('identity')],
                validation_context_sds_secret_config: secret('trust'),
              },
            },
          },
          load_assignment: {
            cluster_name: 'xds',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: port(xdsPort) } }] }],
          },
        },
      ],
    },
  };
}

async function secured(t: TestContext, authority: Authority) {
  const f = await fixture(t);
  const tls = new Credentials(await authority.server(), wallClock);
  const { address } = await f.server.listen({ address: '127.0.0.1:0', scope: 'production', tls, renewalMs: 0 });
  return { ...f, tls, port: Number(address.slice(address.lastIndexOf(':') + 1)) };
}

test('an Envoy is served by mutual TLS while certificates and authorities are replaced on both sides', {
  skip,
}, async (t) => {
  const [old, young] = await Promise.all([Authority.create('old'), Authority.create('young')]);
  const f = await secured(t, old);
  const keys = keyFolder(t);
  keys.identity(await old.spiffe(`spiffe://mesh/${NODE}`));
  keys.trust(old.pem, young.pem);
  const settled = (...names: string[]) => f.server.settled(NODE, f.server.set(NODE, clusters(...names)).revision);
  const first = settled('a');
  const envoy = await startEnvoy(binary!, bootstrap(NODE, f.port, keys.folder));
  t.after(() => envoy.stop());
  assert.equal((await first).state, 'acked');

  // The server's own certificate: the stream does not notice.
  let disconnects = 0;
  f.server.on('disconnect', () => disconnects++);
  f.tls.replace({ ...(await old.server()), authorities: Buffer.concat([old.pem, young.pem]) });
  await f.next('connect');
  assert.equal(disconnects, 1, 'who was believed by the former authorities came again');
  f.tls.replace({ ...f.tls.material, ...(await young.issue('server', { dns: ['localhost'] })) });
  assert.equal((await settled('a', 'b')).state, 'acked');
  assert.equal(disconnects, 1, 'a new certificate of the server disturbs nobody');

  // The new authority alone: the proxy has its certificate from it before the old one is dropped.
  keys.identity(await young.spiffe(`spiffe://mesh/${NODE}`));
  const rotated = async () => {
    const [stat] = Object.values(await envoy.stats('sds.identity.update_success'));
    if ((stat ?? 0) < 2) await rotated();
  };
  await rotated();
  f.tls.replace({ ...f.tls.material, authorities: young.pem });
  await f.next('connect');
  assert.equal((await settled('a', 'b', 'c')).state, 'acked');
  const { 'cluster_manager.cluster_removed': removed } = await envoy.stats('cluster_manager.cluster_removed');
  assert.equal(removed, 0, 'reconnecting took nothing away');
  assert.match(await httpGet(envoy.admin, '/clusters'), /^c::/m);
  assert.deepEqual(f.audit, []);
});

test('an Envoy with a good certificate and another’s name gets nothing', { skip }, async (t) => {
  const authority = await Authority.create();
  const f = await secured(t, authority);
  f.server.set('production/bank/0', clusters('secret'));
  const keys = keyFolder(t);
  keys.identity(await authority.spiffe(`spiffe://mesh/${NODE}`));
  keys.trust(authority.pem);
  const attempted = f.next('attempt');
  const envoy = await startEnvoy(binary!, bootstrap('production/bank/0', f.port, keys.folder));
  t.after(() => envoy.stop());
  await attempted;
  assert.deepEqual([f.audit[0]?.code, f.server.counters.pushes], ['UMB0306', 0]);
  assert.doesNotMatch(await httpGet(envoy.admin, '/clusters'), /secret/);
});
