import type { ConfigSource } from '../protos/gen/envoy/config/core/v3/config_source_pb.js';
import type { Visit } from './message-rules.ts';

/** What a name stands for. */
export type Kind = 'cluster' | 'endpoints' | 'routes' | 'extension' | 'secret';

/** A place where one resource names another. */
export interface Mention {
  readonly kind: Kind;
  readonly name: string;
  readonly path: string;
}

type Fields = Readonly<Record<string, unknown>>;
type Found = readonly [kind: Kind, name: unknown, field: string];

/** By message type: the names of other resources in it. Types are spelled out, most of them are not generated. */
const mentions: Readonly<Record<string, (m: Fields) => readonly Found[]>> = {
  'envoy.config.route.v3.RouteAction': (m) => cluster(m.clusterSpecifier),
  'envoy.config.route.v3.RouteAction.RequestMirrorPolicy': (m) => [['cluster', m.cluster, 'cluster']],
  'envoy.config.route.v3.WeightedCluster.ClusterWeight': (m) => [['cluster', m.name, 'name']],
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': (m) => cluster(m.clusterSpecifier),
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight': (m) => [
    ['cluster', m.name, 'name'],
  ],
  'envoy.extensions.clusters.aggregate.v3.ClusterConfig': (m) =>
    (m.clusters as string[]).map((name, i) => ['cluster', name, `clusters[${i}]`]),
  'envoy.config.core.v3.GrpcService.EnvoyGrpc': (m) => [['cluster', m.clusterName, 'cluster_name']],
  'envoy.config.core.v3.HttpUri': (m) => cluster(m.httpUpstreamType),
  'envoy.config.cluster.v3.Cluster': (m) => {
    const eds = m.edsClusterConfig as { serviceName: string; edsConfig?: ConfigSource } | undefined;
    if (!eds || !isServed(eds.edsConfig)) return [];
    return [['endpoints', eds.serviceName || m.name, 'eds_cluster_config.service_name']];
  },
  'envoy.extensions.filters.network.http_connection_manager.v3.Rds': (m) =>
    isServed(m.configSource) ? [['routes', m.routeConfigName, 'route_config_name']] : [],
  'envoy.config.route.v3.ScopedRouteConfiguration': (m) =>
    m.onDemand === true ? [] : [['routes', m.routeConfigurationName, 'route_configuration_name']],
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter': extension,
  'envoy.extensions.filters.http.composite.v3.DynamicConfig': (m) => asked(m.name, m.configDiscovery),
  'envoy.config.listener.v3.Filter': extension,
  'envoy.config.listener.v3.ListenerFilter': extension,
  'envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig': (m) =>
    m.sdsConfig && isServed(m.sdsConfig) ? [['secret', m.name, 'name']] : [],
};

/** A oneof whose member `cluster` is a cluster's name. */
function cluster(oneof: unknown): readonly Found[] {
  const of = oneof as { case?: string; value?: unknown };
  return of.case === 'cluster' ? [['cluster', of.value, 'cluster']] : [];
}

function extension(m: Fields): readonly Found[] {
  const of = m.configType as { case?: string; value?: unknown };
  return of.case === 'configDiscovery' ? asked(m.name, of.value) : [];
}

/** An extension by its name, where a management server is asked for it. */
function asked(name: unknown, discovery: unknown): readonly Found[] {
  const { configSource } = (discovery ?? {}) as { configSource?: ConfigSource };
  return isServed(configSource) ? [['extension', name, 'name']] : [];
}

/** Whether a management server is asked; what is read from a file is no business of ours. None given = Envoy asks its own. */
function isServed(source: unknown): boolean {
  const of = (source as ConfigSource | undefined)?.configSourceSpecifier.case;
  return of !== 'path' && of !== 'pathConfigSource';
}

/** Collects the mentions of everything it is shown. */
export function collector(into: Mention[]): Visit {
  return (message, path) => {
    const found = mentions[message.desc.typeName]?.(message.message as unknown as Fields) ?? [];
    for (const [kind, name, field] of found)
      if (typeof name === 'string' && name !== '') into.push({ kind, name, path: path ? `${path}.${field}` : field });
  };
}
