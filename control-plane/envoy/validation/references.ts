/** What no field rule can see: names that point from one resource to another. */

import { fromBinary } from '@bufbuild/protobuf';
import { type Any, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { Resource } from '../../xds/resource.ts';
import { typeUrl } from '../messages.ts';
import { type Cluster, ClusterSchema } from '../protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { TypedExtensionConfigSchema } from '../protos/gen/envoy/config/core/v3/extension_pb.js';
import { ClusterLoadAssignmentSchema } from '../protos/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { type Listener, ListenerSchema } from '../protos/gen/envoy/config/listener/v3/listener_pb.js';
import type { Route } from '../protos/gen/envoy/config/route/v3/route_components_pb.js';
import { type RouteConfiguration, RouteConfigurationSchema } from '../protos/gen/envoy/config/route/v3/route_pb.js';
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
} from '../protos/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { RuntimeSchema } from '../protos/gen/envoy/service/runtime/v3/rtds_pb.js';
import type { Problem } from './index.ts';

const ROUTER = 'envoy.extensions.filters.http.router.v3.Router';

/** The resources of one proxy, decoded and by type and name. Bodies that do not decode are left out. */
class ProxySet {
  readonly names = new Map<string, Map<string, Resource>>();

  constructor(resources: readonly Resource[]) {
    for (const r of resources) {
      let byName = this.names.get(r.typeUrl);
      if (!byName) {
        byName = new Map();
        this.names.set(r.typeUrl, byName);
      }
      byName.set(r.name, r);
    }
  }

  get(schema: { typeName: string }, name: string): Resource | undefined {
    return this.names.get(`type.googleapis.com/${schema.typeName}`)?.get(name);
  }
}

const isA = (r: Resource, schema: Parameters<typeof typeUrl>[0]) => r.typeUrl === typeUrl(schema);

/** Clusters that a route may send a request to, with the path of each mention. */
function clustersOf(route: Route): [name: string, path: string][] {
  if (route.action.case !== 'route') return [];
  const { clusterSpecifier, requestMirrorPolicies } = route.action.value;
  const out: [string, string][] = requestMirrorPolicies.map((p, i) => [
    p.cluster,
    `request_mirror_policies[${i}].cluster`,
  ]);
  if (clusterSpecifier.case === 'cluster') out.push([clusterSpecifier.value, 'cluster']);
  if (clusterSpecifier.case === 'weightedClusters')
    for (const [i, c] of clusterSpecifier.value.clusters.entries())
      out.push([c.name, `weighted_clusters.clusters[${i}].name`]);
  return out.filter(([name]) => name !== '');
}

function connectionManagers(listener: Listener): [hcm: HttpConnectionManager, path: string][] {
  const out: [HttpConnectionManager, string][] = [];
  const chains = listener.filterChains.map((c, i) => [c, `filter_chains[${i}]`] as const);
  for (const [chain, path] of chains) {
    chain.filters.forEach((filter, i) => {
      if (filter.configType.case !== 'typedConfig') return;
      const hcm = anyUnpack(filter.configType.value as Any, HttpConnectionManagerSchema);
      if (hcm) out.push([hcm, `${path}.filters[${i}]`]);
    });
  }
  return out;
}

function checkRoutes(
  config: RouteConfiguration,
  set: ProxySet,
  add: (path: string, rule: string, value: string) => void,
): void {
  const domains = new Set<string>();
  config.virtualHosts.forEach((host, h) => {
    for (const domain of host.domains) {
      if (domains.has(domain)) add(`virtual_hosts[${h}].domains`, 'must be in one virtual host only', domain);
      domains.add(domain);
    }
    host.routes.forEach((route, r) => {
      for (const [name, path] of clustersOf(route))
        if (!set.get(ClusterSchema, name))
          add(`virtual_hosts[${h}].routes[${r}].route.${path}`, 'must name a cluster of this proxy', name);
    });
  });
}

function checkCluster(cluster: Cluster, set: ProxySet, add: (path: string, rule: string, value: string) => void): void {
  if (!cluster.edsClusterConfig) return;
  const name = cluster.edsClusterConfig.serviceName || cluster.name;
  if (!set.get(ClusterLoadAssignmentSchema, name))
    add('eds_cluster_config.service_name', 'must name endpoints of this proxy', name);
}

function checkListener(
  resource: Resource,
  listener: Listener,
  set: ProxySet,
  add: (path: string, rule: string, value: string) => void,
): void {
  for (const [hcm, path] of connectionManagers(listener)) {
    if (
      hcm.routeSpecifier.case === 'rds' &&
      !set.get(RouteConfigurationSchema, hcm.routeSpecifier.value.routeConfigName)
    )
      add(`${path}.rds.route_config_name`, 'must name routes of this proxy', hcm.routeSpecifier.value.routeConfigName);
    if (hcm.routeSpecifier.case === 'routeConfig') checkRoutes(hcm.routeSpecifier.value, set, add);
    const names = new Set<string>();
    hcm.httpFilters.forEach((filter, i) => {
      const at = `${path}.http_filters[${i}]`;
      if (names.has(filter.name)) add(`${at}.name`, 'must be used once', filter.name);
      names.add(filter.name);
      const { case: kind, value } = filter.configType;
      const isRouter = kind === 'typedConfig' && (value as Any).typeUrl.endsWith(`/${ROUTER}`);
      if (isRouter !== (i === hcm.httpFilters.length - 1)) add(at, 'the router must be the last filter', filter.name);
      if (kind !== 'configDiscovery') return;
      const config = set.get(TypedExtensionConfigSchema, filter.name);
      if (!config) add(at, 'must name an extension configuration of this proxy', filter.name);
      else if (config.scope === 'shadow' && resource.scope === 'any')
        add(at, 'is for the shadow only, so the listener must be too', filter.name);
    });
  }
}

/** The name inside a body must be the resource's, or Envoy files it under another. */
function nameInside(r: Resource): string | undefined {
  if (isA(r, ClusterSchema)) return fromBinary(ClusterSchema, r.body).name;
  if (isA(r, ListenerSchema)) return fromBinary(ListenerSchema, r.body).name;
  if (isA(r, RouteConfigurationSchema)) return fromBinary(RouteConfigurationSchema, r.body).name;
  if (isA(r, ClusterLoadAssignmentSchema)) return fromBinary(ClusterLoadAssignmentSchema, r.body).clusterName;
  if (isA(r, TypedExtensionConfigSchema)) return fromBinary(TypedExtensionConfigSchema, r.body).name;
  if (isA(r, RuntimeSchema)) return fromBinary(RuntimeSchema, r.body).name;
  return undefined;
}

/** Checks the resources of one proxy against each other. Bodies must be decodable. */
export function referenceProblems(resources: readonly Resource[]): Problem[] {
  const out: Problem[] = [];
  const set = new ProxySet(resources);
  const seen = new Set<string>();
  const addresses = new Map<string, string>();
  for (const r of resources) {
    const add = (path: string, rule: string, value: string) =>
      out.push({ typeUrl: r.typeUrl, name: r.name, path, rule, value });
    const key = `${r.typeUrl} ${r.name}`;
    if (seen.has(key)) add('name', 'must be given once', r.name);
    seen.add(key);
    const inside = nameInside(r);
    if (inside !== undefined && inside !== r.name) add('name', `must be the resource's name, ${r.name}`, inside);
    if (isA(r, RouteConfigurationSchema)) checkRoutes(fromBinary(RouteConfigurationSchema, r.body), set, add);
    if (isA(r, ClusterSchema)) checkCluster(fromBinary(ClusterSchema, r.body), set, add);
    if (isA(r, ListenerSchema)) {
      const listener = fromBinary(ListenerSchema, r.body);
      checkListener(r, listener, set, add);
      const { address } = listener.address ?? {};
      const where =
        address?.case === 'pipe'
          ? address.value.path
          : address?.case === 'socketAddress'
            ? `${address.value.address}:${address.value.portSpecifier.value}`
            : '';
      const other = addresses.get(where);
      if (where && other) add('address', `must not be that of listener ${other}`, where);
      addresses.set(where, r.name);
    }
  }
  return out;
}
