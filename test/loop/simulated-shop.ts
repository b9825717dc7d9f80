import { meshOf } from '../../control-plane/worlds/simulated/fixtures.ts';
import type { MeshSpec } from '../../control-plane/worlds/simulated/spec.ts';

/** A shop in the simulator, shaped like an ordinary small application: two depths, standbys, an outside dependency. */
export function simulatedShop(rest: Partial<MeshSpec> = {}): MeshSpec {
  return meshOf(
    {
      store: { replicas: 2, maxReplicas: 4, ownMs: 4, cpuMs: 3, workers: 12, queue: 24 },
      catalog: { replicas: 2, maxReplicas: 4, failover: 'catalog-standby', ownMs: 8, cpuMs: 4, workers: 8, queue: 32 },
      'catalog-standby': { ownMs: 9, cpuMs: 4, workers: 8, queue: 32 },
      cart: { ownMs: 6, cpuMs: 3, workers: 8, queue: 32, maxReplicas: 1 },
      checkout: { replicas: 2, maxReplicas: 4, ownMs: 5, cpuMs: 2, workers: 8, queue: 32 },
      payments: {
        replicas: 2,
        maxReplicas: 4,
        failover: 'payments-standby',
        ownMs: 5,
        cpuMs: 2,
        workers: 6,
        queue: 24,
      },
      'payments-standby': { ownMs: 6, cpuMs: 2, workers: 6, queue: 24 },
      provider: { external: true, ownMs: 15, cpuMs: 1, workers: 100, queue: 100 },
    },
    {
      'ingress>store': { sloLatencyMs: 500, timeoutMs: 5000 },
      'store>catalog': { calls: 0.6, sloLatencyMs: 250 },
      'store>cart': { calls: 0.3, sloLatencyMs: 250 },
      'store>checkout': { calls: 0.3, sloLatencyMs: 400, timeoutMs: 3000 },
      'checkout>payments': { calls: 1, sloLatencyMs: 300, timeoutMs: 800, retries: 2 },
      'payments>provider': { calls: 1, sloLatencyMs: 250, timeoutMs: 2000 },
      'payments-standby>provider': { calls: 1, sloLatencyMs: 250, timeoutMs: 2000 },
    },
    { offered: 25, noise: 0.1, swing: 0.05, ...rest },
  );
}
