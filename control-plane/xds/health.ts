import { HealthImplementation, service } from 'grpc-health-check';
import { discoveryMethods } from './discovery-services.ts';
import type { ExtraService } from './extra-service.ts';

/**
 * gRPC's health service (grpc.health.v1): of the server as a whole (the empty name) and of each discovery service, serving
 * or not. What a load balancer, Kubernetes' gRPC probes and Envoy's own health checks ask.
 */
export class Health {
  readonly service: ExtraService;
  readonly #health = new HealthImplementation();
  readonly #names = ['', ...new Set(discoveryMethods.map((m) => m.service))];

  constructor(serving: boolean) {
    // The library hands over what it would serve only by adding it to a server.
    let implementation: ExtraService['implementation'] | undefined;
    this.#health.addToServer({
      addService: (_, handlers) => {
        implementation = handlers as unknown as ExtraService['implementation'];
      },
    } as Parameters<HealthImplementation['addToServer']>[0]);
    this.service = { definition: service, implementation: implementation! };
    this.set(serving);
  }

  /** Those who watch are told. */
  set(serving: boolean): void {
    for (const name of this.#names) this.#health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  }
}
