import type { DescMessage, JsonObject, MessageInitShape } from '@bufbuild/protobuf';
import { create, toBinary, toJson } from '@bufbuild/protobuf';
import { address, duration, fromAds, pack, typeUrl } from '../../../control-plane/envoy/messages.ts';
import type { Address } from '../../../control-plane/envoy/node.ts';
import {
  Cluster_LbPolicy,
  ClusterSchema,
  Cluster_DiscoveryType as Discovery,
} from '../../../control-plane/envoy/protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { TypedExtensionConfigSchema } from '../../../control-plane/envoy/protos/gen/envoy/config/core/v3/extension_pb.js';
import { ClusterLoadAssignmentSchema } from '../../../control-plane/envoy/protos/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../../../control-plane/envoy/protos/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../../../control-plane/envoy/protos/gen/envoy/config/route/v3/route_pb.js';
import { LocalRateLimitSchema } from '../../../control-plane/envoy/protos/gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.js';
import { RouterSchema } from '../../../control-plane/envoy/protos/gen/envoy/extensions/filters/http/router/v3/router_pb.js';
import { HttpConnectionManagerSchema } from '../../../control-plane/envoy/protos/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { RuntimeSchema } from '../../../control-plane/envoy/protos/gen/envoy/service/runtime/v3/rtds_pb.js';
import { registry } from '../../../control-plane/envoy/protos/registry.ts';
import { contentVersion, type Resource } from '../../../control-plane/xds/resource.ts';
import type { SoakCluster, SoakListener, SoakState } from './world.ts';

/** Where the state's names are on this machine. */
export interface Places {
  readonly upstreams: readonly Address[];
  listener(name: string): Address;
}

/** Name of the runtime layer. */
export const LAYER = 'soak';
/** Name of the discovered filter. */
const FILTER = 'soak';

const policies = {
  'round robin': Cluster_LbPolicy.ROUND_ROBIN,
  'least request': Cluster_LbPolicy.LEAST_REQUEST,
  random: Cluster_LbPolicy.RANDOM,
} as const;

/** The state as a management server serves it. */
export function resourcesOf(state: SoakState, places: Places): Resource[] {
  const out: Resource[] = [];
  for (const [name, c] of state.clusters) {
    out.push(resource(ClusterSchema, name, cluster(name, c, undefined)));
    out.push(resource(ClusterLoadAssignmentSchema, name, assignment(name, c, places)));
  }
  for (const [name, l] of state.listeners) {
    const routeSpecifier = { case: 'rds' as const, value: { configSource: fromAds, routeConfigName: name } };
    out.push(resource(ListenerSchema, name, listener(name, l, places, routeSpecifier, discovered)));
    out.push(resource(RouteConfigurationSchema, name, routes(name, l)));
  }
  out.push(resource(RuntimeSchema, LAYER, { name: LAYER, layer: { 'soak.value': state.runtime } }));
  const typedConfig = extension(state.extension);
  out.push(resource(TypedExtensionConfigSchema, FILTER, { name: FILTER, typedConfig }));
  return out;
}

/** The state as one static configuration, for `envoy --mode validate`. */
export function staticConfig(state: SoakState, places: Places): JsonObject {
  const options = { registry: registry() };
  const clusters = [...state.clusters].map(([name, c]) =>
    toJson(ClusterSchema, create(ClusterSchema, cluster(name, c, places)), options),
  );
  const fixed = { case: 'typedConfig' as const, value: extension(state.extension) };
  const listeners = [...state.listeners].map(([name, l]) => {
    const routeSpecifier = { case: 'routeConfig' as const, value: routes(name, l) };
    return toJson(ListenerSchema, create(ListenerSchema, listener(name, l, places, routeSpecifier, fixed)), options);
  });
  return { node: { id: 'soak', cluster: 'soak' }, staticResources: { clusters, listeners } };
}

function resource<S extends DescMessage>(schema: S, name: string, init: MessageInitShape<S>): Resource {
  const body = toBinary(schema, create(schema, init));
  return { typeUrl: typeUrl(schema), name, version: contentVersion(body), body, scope: 'any' };
}

/** `places`: with its endpoints in it, otherwise they are discovered. */
function cluster(name: string, c: SoakCluster, places: Places | undefined): MessageInitShape<typeof ClusterSchema> {
  return {
    name,
    clusterDiscoveryType: { case: 'type', value: places ? Discovery.STATIC : Discovery.EDS },
    ...(places ? { loadAssignment: assignment(name, c, places) } : { edsClusterConfig: { edsConfig: fromAds } }),
    connectTimeout: duration(c.connectTimeoutMs),
    lbPolicy: policies[c.policy],
  };
}

function assignment(
  name: string,
  { endpoints }: SoakCluster,
  places: Places,
): MessageInitShape<typeof ClusterLoadAssignmentSchema> {
  const priorities = [...new Set(endpoints.map((e) => e.priority))].sort();
  return {
    clusterName: name,
    endpoints: priorities.map((priority) => ({
      priority,
      lbEndpoints: endpoints
        .filter((e) => e.priority === priority)
        .map(({ upstream, weight }) => ({
          hostIdentifier: { case: 'endpoint', value: { address: address(places.upstreams[upstream]!) } },
          loadBalancingWeight: weight,
        })),
    })),
  };
}

function routes(name: string, l: SoakListener): MessageInitShape<typeof RouteConfigurationSchema> {
  return {
    name,
    virtualHosts: [
      {
        name: 'all',
        domains: ['*'],
        routes: [...l.routes].map(([path, { to, timeoutMs }]) => ({
          match: { pathSpecifier: { case: 'path', value: path } },
          action: {
            case: 'route',
            value: {
              timeout: duration(timeoutMs),
              clusterSpecifier:
                to.length === 1
                  ? { case: 'cluster', value: to[0]! }
                  : {
                      case: 'weightedClusters',
                      value: { clusters: to.map((cluster) => ({ name: cluster, weight: 1 })) },
                    },
            },
          },
        })),
      },
    ],
  };
}

type Hcm = MessageInitShape<typeof HttpConnectionManagerSchema>;
type FilterConfig = NonNullable<NonNullable<Hcm['httpFilters']>[number]['configType']>;

const discovered: FilterConfig = {
  case: 'configDiscovery',
  value: { configSource: fromAds, defaultConfig: extension(0), typeUrls: [typeUrl(LocalRateLimitSchema)] },
};

/** A filter that does nothing, in as many ways as there are numbers. */
function extension(edition: number) {
  return pack(LocalRateLimitSchema, { statPrefix: `soak${edition}` });
}

function listener(
  name: string,
  l: SoakListener,
  places: Places,
  routeSpecifier: NonNullable<Hcm['routeSpecifier']>,
  filter: FilterConfig,
): MessageInitShape<typeof ListenerSchema> {
  const manager: Hcm = {
    statPrefix: name,
    routeSpecifier,
    maxRequestHeadersKb: 60 + (l.edition % 30),
    httpFilters: [
      { name: FILTER, configType: filter },
      { name: 'envoy.filters.http.router', configType: { case: 'typedConfig', value: pack(RouterSchema, {}) } },
    ],
    // What Envoy itself answers says why.
    localReplyConfig: {
      bodyFormat: {
        format: {
          case: 'textFormatSource',
          value: { specifier: { case: 'inlineString', value: '%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%' } },
        },
      },
    },
  };
  return {
    name,
    address: address(places.listener(name)),
    statPrefix: `l${l.edition}`,
    filterChains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            configType: { case: 'typedConfig', value: pack(HttpConnectionManagerSchema, manager) },
          },
        ],
      },
    ],
  };
}
