import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type DescMessage, type JsonObject, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { decodeResource } from '../../standalone/decode.ts';
import type { Resource } from '../../xds/resource.ts';
import { fromAds, pack, typeUrl } from '../messages.ts';
import { Cluster_DiscoveryType, ClusterSchema } from '../protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { type AddressSchema, SocketAddress_Protocol } from '../protos/gen/envoy/config/core/v3/address_pb.js';
import { TypedExtensionConfigSchema } from '../protos/gen/envoy/config/core/v3/extension_pb.js';
import { ListenerSchema } from '../protos/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../protos/gen/envoy/config/route/v3/route_pb.js';
import { RouterSchema } from '../protos/gen/envoy/extensions/filters/http/router/v3/router_pb.js';
import {
  HttpConnectionManagerSchema,
  type HttpFilterSchema,
} from '../protos/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { describeProblem, validate } from './index.ts';

function resource<S extends DescMessage>(
  schema: S,
  name: string,
  init: MessageInitShape<S>,
  scope: Resource['scope'] = 'any',
): Resource {
  return { typeUrl: typeUrl(schema), name, version: '1', body: toBinary(schema, create(schema, init)), scope };
}
type Filter = MessageInitShape<typeof HttpFilterSchema>;
const router: Filter = { name: 'router', configType: { case: 'typedConfig', value: pack(RouterSchema, {}) } };
const slot: Filter = { name: 'slot', configType: { case: 'configDiscovery', value: { configSource: fromAds } } };
const cluster = (name: string) =>
  resource(ClusterSchema, name, { name, clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC } });
const routes = (name: string, to: string, domains = ['*']) =>
  resource(RouteConfigurationSchema, name, {
    name,
    virtualHosts: [
      {
        name: 'v',
        domains,
        routes: [
          {
            match: { pathSpecifier: { case: 'prefix', value: '/' } },
            action: { case: 'route', value: { clusterSpecifier: { case: 'cluster', value: to } } },
          },
        ],
      },
    ],
  });
type Where = MessageInitShape<typeof AddressSchema>['address'];
const pipe = (path: string): Where => ({ case: 'pipe', value: { path } });
const socket = (protocol: SocketAddress_Protocol): Where => ({
  case: 'socketAddress',
  value: { protocol, address: '0.0.0.0', portSpecifier: { case: 'portValue', value: 443 } },
});
const { TCP, UDP } = SocketAddress_Protocol;
const listener = (name: string, rds: string, httpFilters: Filter[] = [router], address = pipe(`/${name}`)) =>
  resource(ListenerSchema, name, {
    name,
    address: { address },
    filterChains: [
      {
        filters: [
          {
            name: 'hcm',
            configType: {
              case: 'typedConfig',
              value: pack(HttpConnectionManagerSchema, {
                statPrefix: name,
                routeSpecifier: { case: 'rds', value: { configSource: fromAds, routeConfigName: rds } },
                httpFilters,
              }),
            },
          },
        ],
      },
    ],
  });

const sound = [cluster('c'), routes('r', 'c'), listener('l', 'r')];
const cases: [what: string, resources: Resource[], problems: RegExp[]][] = [
  ['sound', sound, []],
  ['given twice', [...sound, cluster('c')], [/Cluster c: name must be given once/]],
  [
    'a route to nowhere',
    [routes('r', 'gone'), listener('l', 'r')],
    [/routes\[0\]\.route\.cluster must name a cluster .*gone/],
  ],
  ['a listener without routes', [listener('l', 'gone')], [/rds\.route_config_name must name routes/]],
  ['one domain twice', [cluster('c'), routes('r', 'c', ['*', '*'])], [/domains must be in one virtual host only/]],
  [
    'no router',
    [...sound, listener('m', 'r', [slot])],
    [/http_filters\[0\] the router must be the last/, /http_filters\[0\]\.name must name an extension configuration/],
  ],
  [
    'router not last',
    [...sound, listener('m', 'r', [router, router])],
    [/the router must be the last/, /must be used once/],
  ],
  [
    'one address twice',
    [...sound, listener('m', 'r', [router], pipe('/l'))],
    [/address must not be that of listener l/],
  ],
  [
    'one port for TCP and for UDP',
    [...sound, listener('h2', 'r', [router], socket(TCP)), listener('h3', 'r', [router], socket(UDP))],
    [],
  ],
  [
    'one port twice for each',
    [
      ...sound,
      listener('h2', 'r', [router], socket(TCP)),
      listener('h3', 'r', [router], socket(UDP)),
      listener('m', 'r', [router], socket(TCP)),
      listener('n', 'r', [router], socket(UDP)),
    ],
    [
      /Listener m: address must not be that of listener h2 .*0\.0\.0\.0:443\/TCP/,
      /Listener n: address must not be that of listener h3 .*0\.0\.0\.0:443\/UDP/,
    ],
  ],
  [
    'a name that is not the resource’s',
    [{ ...cluster('c'), name: 'd' }],
    [/Cluster d: name must be the resource's name, d \(given c\)/],
  ],
  [
    'endpoints missing',
    [
      resource(ClusterSchema, 'e', {
        name: 'e',
        clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
        edsClusterConfig: { edsConfig: fromAds, serviceName: 'svc' },
      }),
    ],
    [/eds_cluster_config\.service_name must name endpoints .*svc/],
  ],
  [
    'a production listener that refers to the shadow',
    [
      ...sound,
      listener('m', 'r', [slot, router]),
      resource(TypedExtensionConfigSchema, 'slot', { name: 'slot' }, 'shadow'),
    ],
    [/is for the shadow only/],
  ],
];

for (const [what, resources, problems] of cases)
  test(what, () => {
    const found = validate(resources).map(describeProblem);
    for (const problem of problems)
      assert.ok(
        found.some((f) => problem.test(f)),
        `${problem} not in ${found.join('\n')}`,
      );
    assert.equal(found.length === 0, problems.length === 0, found.join('\n'));
  });

/** A resource from JSON, of whatever type. */
function fromJson(type: string, fields: object): Resource {
  const found = decodeResource({ '@type': `type.googleapis.com/envoy.${type}`, ...fields } as JsonObject);
  if ('message' in found) throw new Error(`${found.path}: ${found.message}`);
  return found.resource;
}
const ads = { ads: {}, resource_api_version: 'V3' };
const filterChain = (type: string, fields: object, more: object = {}) =>
  fromJson('config.listener.v3.Listener', {
    name: 't',
    address: { pipe: { path: '/t' } },
    filter_chains: [
      { filters: [{ name: 'f', typed_config: { '@type': `type.googleapis.com/envoy.${type}`, ...fields } }], ...more },
    ],
  });
const tcpProxy = 'extensions.filters.network.tcp_proxy.v3.TcpProxy';
const tls = (secret: string) => ({
  transport_socket: {
    name: 'tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      common_tls_context: { tls_certificate_sds_secret_configs: [{ name: secret, sds_config: ads }] },
    },
  },
});
const extension = fromJson('config.core.v3.TypedExtensionConfig', {
  name: 'unused',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
});
const scope = fromJson('config.route.v3.ScopedRouteConfiguration', {
  name: 's',
  route_configuration_name: 'gone',
  key: { fragments: [{ string_key: 'k' }] },
});
const leading: [what: string, resources: Resource[], problem: RegExp | undefined][] = [
  [
    'a TCP proxy to nowhere',
    [filterChain(tcpProxy, { stat_prefix: 't', cluster: 'gone' })],
    /Listener t: filter_chains\[0\]\.filters\[0\]\.typed_config\(TcpProxy\)\.cluster must name a cluster .*gone/,
  ],
  [
    'a TCP proxy to several, one of them nowhere',
    [
      cluster('c'),
      filterChain(tcpProxy, {
        stat_prefix: 't',
        weighted_clusters: {
          clusters: [
            { name: 'c', weight: 1 },
            { name: 'gone', weight: 1 },
          ],
        },
      }),
    ],
    /weighted_clusters\.clusters\[1\]\.name must name a cluster .*gone/,
  ],
  ['a scope without routes', [scope], /ScopedRouteConfiguration s: route_configuration_name must name routes .*gone/],
  [
    'a certificate that is not there',
    [cluster('c'), filterChain(tcpProxy, { stat_prefix: 't', cluster: 'c' }, tls('gone'))],
    /tls_certificate_sds_secret_configs\[0\]\.name must name a secret .*gone/,
  ],
  ['an extension nobody asks for', [...sound, extension], /TypedExtensionConfig unused: name must be subscribed to/],
  ['an extension for listeners that are not served here', [extension], undefined],
];
for (const [what, resources, problem] of leading)
  test(what, () => {
    const found = validate(resources).map(describeProblem);
    assert.equal(found.length, problem ? 1 : 0, found.join('\n'));
    if (problem) assert.match(found[0]!, problem);
  });

test('a name that is given elsewhere leads somewhere', () => {
  assert.deepEqual(validate([routes('r', 'bootstrap')], new Set(['bootstrap'])), []);
});
