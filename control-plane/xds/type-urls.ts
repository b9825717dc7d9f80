const prefix = 'type.googleapis.com/';

/** Type URLs of the transport protocol v3, by the usual short names. Other types are served just as well. */
export const typeUrls = {
  CDS: `${prefix}envoy.config.cluster.v3.Cluster`,
  EDS: `${prefix}envoy.config.endpoint.v3.ClusterLoadAssignment`,
  LDS: `${prefix}envoy.config.listener.v3.Listener`,
  SRDS: `${prefix}envoy.config.route.v3.ScopedRouteConfiguration`,
  RDS: `${prefix}envoy.config.route.v3.RouteConfiguration`,
  VHDS: `${prefix}envoy.config.route.v3.VirtualHost`,
  ECDS: `${prefix}envoy.config.core.v3.TypedExtensionConfig`,
  RTDS: `${prefix}envoy.service.runtime.v3.Runtime`,
  SDS: `${prefix}envoy.extensions.transport_sockets.tls.v3.Secret`,
} as const;

const short = new Map<string, string>(Object.entries(typeUrls).map(([name, url]) => [url, name]));

/** Whether it is one of {@link typeUrls}. */
export function isKnownType(typeUrl: string): boolean {
  return short.has(typeUrl);
}

/** `CDS` for the cluster type URL and so on; the message's own name for types without a short one. */
export function shortName(typeUrl: string): string {
  return short.get(typeUrl) ?? typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}

/**
 * The order in which types that change together are sent, "make before break" of the xDS protocol description:
 * clusters, endpoints, listeners, routes. Secrets come before what uses them, the rest after.
 */
const order: readonly string[] = [
  typeUrls.SDS,
  typeUrls.CDS,
  typeUrls.EDS,
  typeUrls.LDS,
  typeUrls.SRDS,
  typeUrls.RDS,
  typeUrls.VHDS,
  typeUrls.ECDS,
  typeUrls.RTDS,
];

/** Position in the sending order; unknown types come last. */
export function rank(typeUrl: string): number {
  const at = order.indexOf(typeUrl);
  return at < 0 ? order.length : at;
}

/**
 * State-of-the-world answers of these types carry every resource the client asked for; absence means deletion. Scoped routes
 * are not named in the protocol description, but Envoy drops each scope that an answer leaves out (router/scoped_rds.cc).
 */
export function isFullState(typeUrl: string): boolean {
  return typeUrl === typeUrls.CDS || typeUrl === typeUrls.LDS || typeUrl === typeUrls.SRDS;
}

/** Types whose resources name clusters, which must be there first. Routes are not warmed, so order is all they have. */
export function needsClusters(typeUrl: string): boolean {
  return typeUrl === typeUrls.LDS || needsListeners(typeUrl);
}

/** Types whose updates follow the listeners that use them. */
export function needsListeners(typeUrl: string): boolean {
  return typeUrl === typeUrls.RDS || typeUrl === typeUrls.SRDS || typeUrl === typeUrls.VHDS;
}

/** Types whose removals wait until nothing refers to them any more. */
export function removedLast(typeUrl: string): boolean {
  return typeUrl === typeUrls.CDS || typeUrl === typeUrls.EDS;
}

/** Types that clusters wait for before they are used; a proxy that has changed clusters acknowledges them only then. */
export const warmingTypes: readonly string[] = [typeUrls.EDS, typeUrls.SDS];

/**
 * Types of which a client waits for a name to be answered and takes no removal for an answer, but a resource without a body
 * that has the name as its alias: Envoy pauses a request for a virtual host it does not know until then (route/vhds.cc).
 */
export function saysMissingByAlias(typeUrl: string): boolean {
  return typeUrl === typeUrls.VHDS;
}
