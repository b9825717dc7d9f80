import { fromBinary, fromJson, type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import type { ClientConfig_GenericXdsConfig } from '../../envoy/protos/gen/envoy/service/status/v3/csds_pb.js';
import { messageName, registry } from '../../envoy/protos/registry.ts';
import { isObject } from '../../standalone/decode.ts';
import { shortName, typeUrls } from '../../standalone/index.ts';
import { withoutDefaults, withVirtualHosts } from './as-envoy-shows.ts';

/** One difference between what a node should have and what its Envoy says it has. */
export type Difference =
  | { readonly kind: 'missing' | 'extra'; readonly type: string; readonly name: string }
  | { readonly kind: 'changed'; readonly type: string; readonly name: string; readonly fields: readonly Field[] }
  | { readonly kind: 'unreadable'; readonly type: string; readonly name: string; readonly reason: string };

export interface Field {
  readonly path: string;
  /** JSON; undefined = absent. */
  readonly wanted: JsonValue | undefined;
  readonly has: JsonValue | undefined;
}

/** Where Envoy's /config_dump has the resources of a type: section, list, the body within an entry. */
const sections: readonly (readonly [type: string, section: string, list: string, body: readonly string[]])[] = [
  [typeUrls.CDS, 'ClustersConfigDump', 'dynamic_active_clusters', ['cluster']],
  [typeUrls.CDS, 'ClustersConfigDump', 'dynamic_warming_clusters', ['cluster']],
  [typeUrls.EDS, 'EndpointsConfigDump', 'dynamic_endpoint_configs', ['endpoint_config']],
  [typeUrls.LDS, 'ListenersConfigDump', 'dynamic_listeners', ['active_state', 'listener']],
  [typeUrls.RDS, 'RoutesConfigDump', 'dynamic_route_configs', ['route_config']],
  [typeUrls.ECDS, 'EcdsConfigDump', 'ecds_filters', ['ecds_filter']],
];

/**
 * Compares what a management server wants a node to have with an Envoy's /config_dump. Only types of which the dump has a
 * section: Envoy shows endpoints when asked by `?include_eds`, and not every version has each section.
 */
export function differences(
  wanted: readonly ClientConfig_GenericXdsConfig[],
  dump: { readonly configs?: readonly JsonObject[] },
): Difference[] {
  const out: Difference[] = [];
  const { found, shown } = entriesOf(dump.configs ?? []);
  const hostsOf = (routes: string) =>
    wanted
      .filter((c) => c.typeUrl === typeUrls.VHDS && c.name.startsWith(`${routes}/`) && c.xdsConfig)
      .map((c) => normal(c.xdsConfig!));
  for (const config of wanted) {
    if (!config.xdsConfig || !shown.has(config.typeUrl)) continue;
    const of = { type: shortName(config.typeUrl), name: config.name };
    const key = `${config.typeUrl}\n${config.name}`;
    const has = found.get(key);
    found.delete(key);
    if (has === undefined) out.push({ kind: 'missing', ...of });
    else {
      try {
        const is = asShown(config.typeUrl, normal(fromJson(AnySchema, has, reading())), []);
        const fields = compare(asShown(config.typeUrl, normal(config.xdsConfig), hostsOf(config.name)), is, '');
        if (fields.length > 0) out.push({ kind: 'changed', ...of, fields });
      } catch (error) {
        out.push({ kind: 'unreadable', ...of, reason: error instanceof Error ? error.message : String(error) });
      }
    }
  }
  for (const key of found.keys()) {
    const [typeUrl, name] = key.split('\n') as [string, string];
    out.push({ kind: 'extra', type: shortName(typeUrl), name });
  }
  return out;
}

function asShown(typeUrl: string, json: JsonValue, hosts: readonly JsonValue[]): JsonValue {
  if (!isObject(json)) return json;
  if (typeUrl === typeUrls.EDS) return withoutDefaults(json);
  return typeUrl === typeUrls.RDS ? withVirtualHosts(json, hosts) : json;
}

/** Envoy may be newer than the API known here. */
const reading = () => ({ registry: registry(), ignoreUnknownFields: true });

const normal = (any: Any): JsonValue => {
  const schema = registry().getMessage(messageName(any.typeUrl));
  return schema
    ? toJson(schema, fromBinary(schema, any.value), { registry: registry(), useProtoFieldName: true })
    : null;
};

function entriesOf(configs: readonly JsonObject[]): { found: Map<string, JsonValue>; shown: Set<string> } {
  const found = new Map<string, JsonValue>();
  const shown = new Set<string>();
  for (const config of configs)
    for (const [typeUrl, section, list, path] of sections) {
      if (!String(config['@type']).endsWith(`.${section}`)) continue;
      shown.add(typeUrl);
      for (const entry of (config[list] ?? []) as JsonObject[]) {
        let body: JsonValue | undefined = entry;
        for (const step of path) body = (body as JsonObject | undefined)?.[step];
        const { name, cluster_name } = (body ?? {}) as { name?: string; cluster_name?: string };
        if (body !== undefined) found.set(`${typeUrl}\n${cluster_name ?? name ?? ''}`, body);
      }
    }
  return { found, shown };
}

function compare(wanted: JsonValue | undefined, has: JsonValue | undefined, path: string): Field[] {
  if (isObject(wanted) && isObject(has)) {
    const keys = new Set([...Object.keys(wanted), ...Object.keys(has)]);
    return [...keys].flatMap((k) => compare(wanted[k], has[k], path ? `${path}.${k}` : k));
  }
  if (Array.isArray(wanted) && Array.isArray(has)) {
    const longer = Math.max(wanted.length, has.length);
    return Array.from({ length: longer }, (_, i) => compare(wanted[i], has[i], `${path}[${i}]`)).flat();
  }
  return JSON.stringify(wanted) === JSON.stringify(has) ? [] : [{ path, wanted, has }];
}
