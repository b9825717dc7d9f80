/** What no field rule can see: names that point from one resource to another. */

import { fromBinary } from '@bufbuild/protobuf';
import { type Any, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { Resource } from '../../xds/resource.ts';
import { typeUrl } from '../messages.ts';
import { ClusterSchema } from '../protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { SocketAddress_Protocol } from '../protos/gen/envoy/config/core/v3/address_pb.js';
import { TypedExtensionConfigSchema } from '../protos/gen/envoy/config/core/v3/extension_pb.js';
import { ClusterLoadAssignmentSchema } from '../protos/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import type { FilterChain } from '../protos/gen/envoy/config/listener/v3/listener_components_pb.js';
import { type Listener, ListenerSchema } from '../protos/gen/envoy/config/listener/v3/listener_pb.js';
import { type RouteConfiguration, RouteConfigurationSchema } from '../protos/gen/envoy/config/route/v3/route_pb.js';
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
} from '../protos/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { SecretSchema } from '../protos/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { RuntimeSchema } from '../protos/gen/envoy/service/runtime/v3/rtds_pb.js';
import type { Problem } from './index.ts';
import type { Kind, Mention } from './mentions.ts';

const ROUTER = 'envoy.extensions.filters.http.router.v3.Router';

/** Names that are given elsewhere: clusters of a bootstrap file, what another server serves. */
export type Elsewhere = ReadonlySet<string>;

const kinds: Readonly<Record<Kind, { typeUrl: string; rule: string }>> = {
  cluster: { typeUrl: typeUrl(ClusterSchema), rule: 'must name a cluster of this proxy' },
  endpoints: { typeUrl: typeUrl(ClusterLoadAssignmentSchema), rule: 'must name endpoints of this proxy' },
  routes: { typeUrl: typeUrl(RouteConfigurationSchema), rule: 'must name routes of this proxy' },
  extension: {
    typeUrl: typeUrl(TypedExtensionConfigSchema),
    rule: 'must name an extension configuration of this proxy',
  },
  secret: { typeUrl: typeUrl(SecretSchema), rule: 'must name a secret of this proxy' },
};

/** A resource and where it names others. */
export interface Referring {
  readonly resource: Resource;
  readonly mentions: readonly Mention[];
}

const isA = (r: Resource, schema: Parameters<typeof typeUrl>[0]) => r.typeUrl === typeUrl(schema);

type Add = (path: string, rule: string, value: string) => void;

function checkDomains(config: RouteConfiguration, at: string, add: Add): void {
  const domains = new Set<string>();
  config.virtualHosts.forEach((host, h) => {
    for (const domain of host.domains) {
      if (domains.has(domain)) add(`${at}virtual_hosts[${h}].domains`, 'must be in one virtual host only', domain);
      domains.add(domain);
    }
  });
}

function connectionManagers(listener: Listener): [hcm: HttpConnectionManager, path: string][] {
  const out: [HttpConnectionManager, string][] = [];
  const chains = listener.filterChains.map((c, i): [FilterChain, string] => [c, `filter_chains[${i}]`]);
  if (listener.defaultFilterChain) chains.push([listener.defaultFilterChain, 'default_filter_chain']);
  for (const [chain, path] of chains) {
    chain.filters.forEach((filter, i) => {
      if (filter.configType.case !== 'typedConfig') return;
      const hcm = anyUnpack(filter.configType.value as Any, HttpConnectionManagerSchema);
      if (hcm) out.push([hcm, `${path}.filters[${i}].typed_config(HttpConnectionManager)`]);
    });
  }
  return out;
}

function checkListener(listener: Listener, add: Add): void {
  for (const [hcm, path] of connectionManagers(listener)) {
    if (hcm.routeSpecifier.case === 'routeConfig') checkDomains(hcm.routeSpecifier.value, `${path}.route_config.`, add);
    const names = new Set<string>();
    hcm.httpFilters.forEach((filter, i) => {
      const at = `${path}.http_filters[${i}]`;
      if (names.has(filter.name)) add(`${at}.name`, 'must be used once', filter.name);
      names.add(filter.name);
      const { case: kind, value } = filter.configType;
      const isRouter = kind === 'typedConfig' && (value as Any).typeUrl.endsWith(`/${ROUTER}`);
      if (isRouter !== (i === hcm.httpFilters.length - 1)) add(at, 'the router must be the last filter', filter.name);
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

/**
 * Where a listener listens, as text; '' where it has no address of its own, or a port of the kernel's choice. A port of TCP and
 * one of UDP are two: HTTP/3 is served beside HTTP/2 (Envoy's ListenerImpl::hasDuplicatedAddress).
 */
function addressOf(listener: Listener): string {
  const { address } = listener.address ?? {};
  if (address?.case === 'pipe') return address.value.path;
  if (address?.case !== 'socketAddress' || address.value.portSpecifier.value === 0) return '';
  const { address: host, portSpecifier, protocol } = address.value;
  return `${host}:${portSpecifier.value}/${SocketAddress_Protocol[protocol]}`;
}

/**
 * Checks the resources of one proxy against each other: names that lead nowhere, or from production into the shadow; extension
 * configurations that no listener asks for, where listeners are served at all. Bodies must be decodable.
 */
export function referenceProblems(referring: readonly Referring[], elsewhere: Elsewhere = new Set()): Problem[] {
  const out: Problem[] = [];
  const all = new Map<string, Resource>();
  const addresses = new Map<string, string>();
  const key = (type: string, name: string) => `${type}\n${name}`;
  for (const { resource: r } of referring) if (!all.has(key(r.typeUrl, r.name))) all.set(key(r.typeUrl, r.name), r);
  const extensions = new Set(
    referring.flatMap((r) => r.mentions.filter((m) => m.kind === 'extension').map((m) => m.name)),
  );
  const servesListeners = referring.some(({ resource }) => isA(resource, ListenerSchema));
  for (const { resource: r, mentions } of referring) {
    const add: Add = (path, rule, value) => out.push({ typeUrl: r.typeUrl, name: r.name, path, rule, value });
    if (all.get(key(r.typeUrl, r.name)) !== r) add('name', 'must be given once', r.name);
    const inside = nameInside(r);
    if (inside !== undefined && inside !== r.name) add('name', `must be the resource's name, ${r.name}`, inside);
    for (const { kind, name, path } of mentions) {
      const found = all.get(key(kinds[kind].typeUrl, name));
      if (found?.scope === 'shadow' && r.scope === 'any')
        add(path, `is for the shadow only, so what names it must be too`, name);
      else if (!found && !elsewhere.has(name)) add(path, kinds[kind].rule, name);
    }
    if (isA(r, TypedExtensionConfigSchema) && servesListeners && !extensions.has(r.name))
      add('name', 'must be subscribed to by a listener of this proxy', r.name);
    if (isA(r, RouteConfigurationSchema)) checkDomains(fromBinary(RouteConfigurationSchema, r.body), '', add);
    if (!isA(r, ListenerSchema)) continue;
    const listener = fromBinary(ListenerSchema, r.body);
    checkListener(listener, add);
    const where = addressOf(listener);
    const other = addresses.get(where);
    if (where && other) add('address', `must not be that of listener ${other}`, where);
    addresses.set(where, r.name);
  }
  return out;
}
