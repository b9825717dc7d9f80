import { typeUrls } from './type-urls.ts';

/** A streaming method of a discovery service. */
export interface DiscoveryMethod {
  readonly service: string;
  readonly name: string;
  /** `/service/name` */
  readonly path: string;
  readonly protocol: 'sotw' | 'delta';
  /** The one type of a per-type service; undefined for the aggregated one. */
  readonly fixedType: string | undefined;
}

/** Service, suffix of its methods, type. */
const services: readonly (readonly [string, string, string | undefined])[] = [
  ['envoy.service.discovery.v3.AggregatedDiscoveryService', 'AggregatedResources', undefined],
  ['envoy.service.cluster.v3.ClusterDiscoveryService', 'Clusters', typeUrls.CDS],
  ['envoy.service.endpoint.v3.EndpointDiscoveryService', 'Endpoints', typeUrls.EDS],
  ['envoy.service.listener.v3.ListenerDiscoveryService', 'Listeners', typeUrls.LDS],
  ['envoy.service.route.v3.RouteDiscoveryService', 'Routes', typeUrls.RDS],
  ['envoy.service.route.v3.ScopedRoutesDiscoveryService', 'ScopedRoutes', typeUrls.SRDS],
  ['envoy.service.route.v3.VirtualHostDiscoveryService', 'VirtualHosts', typeUrls.VHDS],
  ['envoy.service.extension.v3.ExtensionConfigDiscoveryService', 'ExtensionConfigs', typeUrls.ECDS],
  ['envoy.service.runtime.v3.RuntimeDiscoveryService', 'Runtime', typeUrls.RTDS],
  ['envoy.service.secret.v3.SecretDiscoveryService', 'Secrets', typeUrls.SDS],
];

/** Every streaming method of the aggregated and the per-type services. */
export const discoveryMethods: readonly DiscoveryMethod[] = services.flatMap(([service, suffix, fixedType]) =>
  (
    [
      ['Stream', 'sotw'],
      ['Delta', 'delta'],
    ] as const
  )
    // Virtual hosts are discovered on demand, which only the delta protocol can say.
    .filter(([, protocol]) => fixedType !== typeUrls.VHDS || protocol === 'delta')
    .map(([prefix, protocol]) => {
      const name = prefix + suffix;
      return { service, name, path: `/${service}/${name}`, protocol, fixedType };
    }),
);
