import type { Health } from '../../../api/kinds/application.ts';
import type { Protocol } from '../../../mesh/topology.ts';

/** How something on loopback is asked whether it answers. */
export type HealthCheck =
  /** A TCP connection is enough. */
  | { readonly kind: 'connect' }
  /** `GET path`, answered below 400. */
  | { readonly kind: 'http'; readonly path: string; readonly http2: boolean }
  /** gRPC's health protocol (grpc.health.v1) about a service, '' being the server as a whole: SERVING. */
  | { readonly kind: 'grpc'; readonly service: string };

/** The check a document declares. */
export function healthCheckOf(health: Health | undefined, protocol?: Protocol): HealthCheck {
  if (health?.grpc !== undefined) return { kind: 'grpc', service: health.grpc };
  if (health?.path === undefined) return { kind: 'connect' };
  return { kind: 'http', path: health.path, http2: protocol === 'http2' || protocol === 'grpc' };
}

/** What is asked for, in words. */
export function describeCheck(check: HealthCheck): string {
  switch (check.kind) {
    case 'connect':
      return 'a connection';
    case 'http':
      return check.path;
    case 'grpc':
      return `gRPC's health check${check.service && ` of ${check.service}`}`;
  }
}
