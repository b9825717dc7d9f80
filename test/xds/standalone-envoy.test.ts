/** `umbra xds` with a real Envoy: every kind of resource from one file, and its own word on what it has. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { get as getSecurely } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { findEnvoy, httpGet, startEnvoy } from '../filters/envoy-process.ts';
import { findIstioctl } from '../istioctl/build.ts';
import { Authority } from './authority.ts';
import { ads, clusterTo, hostTo, listener, rds, router, standalone, typed, umbra } from './standalone.ts';

const binary = findEnvoy();
const skip = binary ? false : 'no Envoy';
const ID = 'sidecar~127.0.0.1~cart-0.shop~shop.svc.cluster.local';

/** A bootstrap that asks one management server for everything, by delta ADS; its own admin on a port of its choice. */
function bootstrap(xds: string, runtime: readonly string[] = []): object {
  const port = Number(xds.slice(xds.lastIndexOf(':') + 1));
  const grpc = { envoy_grpc: { cluster_name: 'xds' } };
  return {
    node: {
      id: ID,
      cluster: 'cart',
      metadata: { ISTIO_VERSION: '1.31.0', CLUSTER_ID: 'Kubernetes', NAMESPACE: 'shop' },
    },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    dynamic_resources: {
      ads_config: { api_type: 'DELTA_GRPC', transport_api_version: 'V3', grpc_services: [grpc] },
      cds_config: ads,
      lds_config: ads,
    },
    layered_runtime: {
      layers: runtime.map((name) => ({ name, rtds_layer: { name, rtds_config: ads } })),
    },
    cluster_manager: {
      load_stats_config: { api_type: 'GRPC', transport_api_version: 'V3', grpc_services: [grpc] },
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
          load_assignment: {
            cluster_name: 'xds',
            endpoints: [
              {
                lb_endpoints: [
                  { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } },
                ],
              },
            ],
          },
        },
      ],
    },
  };
}

/** A service that answers `ok`. */
async function upstream(t: TestContext): Promise<number> {
  const server = createServer((_, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

const status = (port: number, host = 'shop.test') =>
  new Promise<number>((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent: false, headers: { host } }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode!));
    }).on('error', reject);
  });

const tlsStatus = (port: number, ca: Buffer) =>
  new Promise<number>((resolve, reject) => {
    const to = { host: '127.0.0.1', port, agent: false, ca, servername: 'shop.test', headers: { host: 'shop.test' } };
    getSecurely(to, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode!));
    }).on('error', reject);
  });

test('an Envoy gets all kinds of resources, has what it should by its own word, and reports its load', {
  skip,
}, async (t) => {
  const port = await upstream(t);
  const authority = await Authority.create();
  const own = await authority.issue('shop', { dns: ['shop.test'] });
  const scopes = {
    scoped_routes: {
      name: 'scopes',
      scope_key_builder: { fragments: [{ header_value_extractor: { name: 'host', index: 0 } }] },
      rds_config_source: ads,
      scoped_rds: { scoped_rds_config_source: ads },
    },
  };
  // A request for a host that is not known waits until it is.
  const onDemand = {
    name: 'on_demand',
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.on_demand.v3.OnDemand' },
  };
  const slot = {
    name: 'slot',
    config_discovery: {
      config_source: ads,
      type_urls: ['type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation'],
    },
  };
  const documents = (timeout: string) => [
    ...clusterTo('cart', port, { connect_timeout: timeout }),
    typed('routes', { name: 'routes', vhds: { config_source: ads } }),
    typed('wrapper', {
      name: 'routes/all',
      resource: typed('virtualHost', { ...hostTo('cart'), domains: ['shop.test'] }),
    }),
    typed('extension', {
      name: 'slot',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
        mutations: { response_mutations: [{ append: { header: { key: 'x-slot', value: 'here' } } }] },
      },
    }),
    typed('runtime', { name: 'layer', layer: { some: { key: 7 } } }),
    listener({ ...rds, http_filters: [onDemand, slot, ...router.http_filters] }),
    typed('routes', { name: 'scoped', virtual_hosts: [hostTo('cart')] }),
    typed('scope', {
      name: 'shop',
      route_configuration_name: 'scoped',
      key: { fragments: [{ string_key: 'shop.test' }] },
    }),
    listener({ ...scopes, ...router }, 'scoped'),
    typed('secret', {
      name: 'own',
      tls_certificate: {
        // istioctl reads certificates as bytes only.
        certificate_chain: { inline_bytes: own.certificate.toString('base64') },
        private_key: { inline_string: own.key.toString() },
      },
    }),
    listener({ ...rds, http_filters: [slot, ...router.http_filters] }, 'secure', {
      transport_socket: {
        name: 'tls',
        typed_config: typed('tls', {
          common_tls_context: { tls_certificate_sds_secret_configs: [{ name: 'own', sds_config: ads }] },
        }),
      },
    }),
  ];
  const s = await standalone(t, documents('1s'), ['--load-reports', '100ms']);
  const envoy = await startEnvoy(binary!, bootstrap(s.address, ['layer']));
  t.after(() => envoy.stop());
  assert.equal(await status(envoy.ports.in!), 200);
  // Whatever users ask for does not exist, each time, and costs nothing else.
  for (const host of ['unknown.test', 'x'.repeat(3000), 'unknown.test', 'x'.repeat(3000)])
    assert.equal(await status(envoy.ports.in!, host), 404);
  await s.server.line(/resource name too long to be remembered/);
  assert.equal(await status(envoy.ports.scoped!), 200);
  assert.equal(await status(envoy.ports.scoped!, 'other.test'), 404);
  assert.equal(await tlsStatus(envoy.ports.secure!, authority.pem), 200);
  await s.server.line(/load of .*cart \d+ requests/);
  assert.match(await httpGet(envoy.admin, '/runtime'), /some\.key[^}]*7/);
  const all = async () => (await umbra('xds', 'diff', ID, '--xds', s.address)).out;
  assert.equal(await all(), `${ID} has what it should`);
  const admin = `http://127.0.0.1:${envoy.admin}`;
  const same = await umbra('xds', 'diff', ID, '--xds', s.address, '--envoy', admin);
  assert.equal(same.out, `${ID} has what it should`);
  assert.equal(same.code, 0);
  s.write(documents('2s'));
  await s.server.line(/files changed/);
  // While it warms it is not acknowledged.
  while (!(await httpGet(envoy.admin, '/config_dump?resource=dynamic_active_clusters')).includes('"2s"'));
  assert.equal((await umbra('xds', 'diff', ID, '--xds', s.address, '--envoy', admin)).out, same.out);
  assert.equal(await status(envoy.ports.in!), 200);

  const istioctl = findIstioctl();
  const home = { ...process.env, HOME: s.folder, KUBECONFIG: join(s.folder, 'none') };
  const istio = async (...args: string[]) =>
    (await promisify(execFile)('path' in istioctl ? istioctl.path : '', args, { env: home })).stdout;
  const without = 'missing' in istioctl && istioctl.missing;
  // Without a revision it asks a cluster for the default one, and waits for ever where there is none.
  const reach = ['--revision', 'default', '--xds-address', s.address, '--plaintext'];

  await t.test('istioctl proxy-status', { skip: without }, async () => {
    const table = await istio('proxy-status', ...reach);
    assert.match(table, /^NAME +CLUSTER +ISTIOD +VERSION +SUBSCRIBED TYPES$/m);
    assert.match(table, /^cart-0\.shop +Kubernetes +umbra xds +1\.31\.0 +\d+ \(CDS,LDS,EDS,RDS,.*\)$/m);
    assert.match(await istio('proxy-status', '-v', '1', ...reach), /cart-0\.shop +Kubernetes +SYNCED \(/);
  });

  await t.test('istioctl proxy-config on a dump', { skip: without }, async () => {
    const file = join(s.folder, 'dump.json');
    writeFileSync(file, (await umbra('xds', 'dump', ID, '--xds', s.address)).out);
    const config = (what: string) => istio('proxy-config', what, '--file', file);
    assert.match(await config('cluster'), /^cart +- +- +- +EDS/m);
    assert.match(await config('listener'), /^127\.0\.0\.1 +0 +/m);
    assert.match(await config('route'), /^scoped +all +\* +\/\*/m);
    assert.match(await config('eds'), new RegExp(`127\\.0\\.0\\.1:${port} .*cart`));
    assert.match(await config('ecds'), /^slot /m);
    assert.match(await config('bootstrap'), /"id": "sidecar~127\.0\.0\.1~cart-0\.shop/);
    assert.match(
      await istio('proxy-config', 'bootstrap', '-o', 'short', '--file', file),
      /^Istio Version: +1\.31\.0$/m,
    );
    assert.match(await config('secret'), /^own +Cert Chain +ACTIVE/m);
  });
});
