import type { JsonObject, JsonValue } from '@bufbuild/protobuf';

/**
 * Endpoints without what Envoy's /config_dump fills in from its own state: it shows defaults as if they had been given, and
 * health as it sees it (source/server/admin/config_dump_handler.cc).
 */
export function withoutDefaults(endpoints: JsonObject): JsonObject {
  const { endpoints: localities, policy, ...rest } = endpoints;
  const groups = objects(localities).map(({ lb_endpoints, locality, load_balancing_weight, ...group }) => ({
    ...group,
    ...(isEmpty(locality) ? {} : { locality: locality! }),
    ...(load_balancing_weight ? { load_balancing_weight } : {}),
    lb_endpoints: objects(lb_endpoints).map(withoutEndpointDefaults),
  }));
  const { overprovisioning_factor: factor, ...others } = (policy ?? {}) as JsonObject;
  const kept = { ...others, ...(factor === undefined || factor === 140 ? {} : { overprovisioning_factor: factor }) };
  return {
    ...rest,
    ...(groups.length === 0 ? {} : { endpoints: groups }),
    ...(isEmpty(kept) ? {} : { policy: kept }),
  };
}

function withoutEndpointDefaults({
  endpoint,
  health_status: health,
  load_balancing_weight: weight,
  ...rest
}: JsonObject) {
  const { health_check_config, ...at } = (endpoint ?? {}) as JsonObject;
  return {
    ...rest,
    endpoint: { ...at, ...(isEmpty(health_check_config) ? {} : { health_check_config: health_check_config! }) },
    ...(health === undefined || health === 'HEALTHY' ? {} : { health_status: health }),
    ...(weight === undefined || weight === 1 ? {} : { load_balancing_weight: weight }),
  };
}

/** Routes with the virtual hosts that were discovered for them, in the order of their names: so Envoy shows them. */
export function withVirtualHosts(routes: JsonObject, discovered: readonly JsonValue[]): JsonObject {
  if (routes.vhds === undefined) return routes;
  const hosts = [...objects(routes.virtual_hosts), ...objects([...discovered])];
  return { ...routes, virtual_hosts: hosts.toSorted((a, b) => (String(a.name) < String(b.name) ? -1 : 1)) };
}

const objects = (value: JsonValue | undefined): JsonObject[] => (Array.isArray(value) ? (value as JsonObject[]) : []);
const isEmpty = (value: JsonValue | undefined) => value === undefined || Object.keys(value as JsonObject).length === 0;
