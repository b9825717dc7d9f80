import type { HealthyEdge, Snapshot } from '../../control-plane/mesh/snapshot.ts';
import { type Edge, type EdgeId, edgeId, type Service, type Topology } from '../../control-plane/mesh/topology.ts';

/** A shop of nine services, as the sample's document would declare it. */
const calls: [caller: string, callee: string, optional?: boolean][] = [
  ['ingress', 'storefront'],
  ['storefront', 'catalog'],
  ['storefront', 'cart'],
  ['storefront', 'checkout'],
  ['storefront', 'reviews', true],
  ['checkout', 'payments'],
  ['checkout', 'inventory'],
  ['cart', 'inventory'],
  ['payments', 'bank'],
];
const replicas: Record<string, number> = { storefront: 2, catalog: 2, checkout: 2, payments: 2 };

const service = (id: string): Service => ({
  id,
  replicas: replicas[id] ?? 1,
  minReplicas: 1,
  maxReplicas: 4,
  ...(id === 'catalog' ? { failover: 'catalog-backup' } : {}),
  failoverWrites: false,
  external: id === 'bank',
});
const edge = (caller: string, callee: string, optional = false): Edge => ({
  id: edgeId(caller, callee),
  caller,
  callee,
  sloLatencyMs: 300,
  timeoutMs: 1000,
  retries: 1,
  idempotent: 'safe',
  optional,
});

const ids = ['storefront', 'catalog', 'catalog-backup', 'cart', 'checkout', 'reviews', 'payments', 'inventory', 'bank'];
export const shop: Topology = {
  application: 'shop',
  services: Object.fromEntries(ids.map((id) => [id, service(id)])),
  edges: Object.fromEntries(calls.map(([a, b, o]) => [edgeId(a, b), edge(a, b, o)])),
  entry: 'ingress>storefront',
};

/** Requests/s and p99 of the healthy shop, per edge. */
const healthyEdges: Record<EdgeId, Pick<HealthyEdge, 'rate' | 'p99'>> = {
  'ingress>storefront': { rate: 42, p99: 88 },
  'storefront>catalog': { rate: 31, p99: 24 },
  'storefront>cart': { rate: 14, p99: 31 },
  'storefront>checkout': { rate: 6.2, p99: 120 },
  'storefront>reviews': { rate: 9.5, p99: 40 },
  'checkout>payments': { rate: 6.2, p99: 95 },
  'checkout>inventory': { rate: 6.1, p99: 18 },
  'cart>inventory': { rate: 3.3, p99: 17 },
  'payments>bank': { rate: 6.2, p99: 80 },
};

/** How badly each edge suffers in a window: 0 = healthy, 1 = nothing good comes back. */
export type Suffering = Partial<Record<EdgeId, number>>;

/** A window of the shop, noisy by `random`; what suffers is slower and fails, and its callers with it by what is given. */
export function windowOf(
  world: 'production' | 'shadow',
  at: number,
  suffering: Suffering,
  random: () => number,
  gaps: string[] = [],
): Snapshot {
  const share = world === 'production' ? 1 : 0.6;
  const noise = () => 0.94 + random() * 0.12;
  const edges: Record<EdgeId, Snapshot['edges'][EdgeId]> = {};
  for (const [id, { rate, p99 }] of Object.entries(healthyEdges) as [EdgeId, { rate: number; p99: number }][]) {
    const bad = suffering[id] ?? 0;
    const offered = rate * share * noise();
    const slow = p99 * noise() * (1 + bad * 12);
    const failed = offered * bad * 0.6;
    edges[id] = {
      rate: offered,
      good: offered * (1 - bad) * (0.998 + random() * 0.002),
      failed,
      errors: { http5xx: failed * 0.3, timeout: failed * 0.7, connect: 0, reset: 0, overflow: 0, shed: 0 },
      latency: { p50: slow * 0.3, p90: slow * 0.7, p99: slow },
      inFlight: Math.round((offered * slow) / 2000),
      retries: failed * 0.8,
      hosts: 2,
      healthyHosts: bad > 0.5 ? 1 : 2,
      ejectedHosts: bad > 0.5 ? 1 : 0,
    };
  }
  const services = Object.fromEntries(
    Object.values(shop.services)
      .filter((s) => !s.external)
      .map((s) => {
        const bad = Math.max(
          0,
          ...Object.entries(suffering)
            .filter(([e]) => e.endsWith(`>${s.id}`))
            .map(([, b]) => b ?? 0),
        );
        const cpu = (0.18 + 0.1 * random()) * (1 + bad * 2.5);
        return [
          s.id,
          {
            replicas: s.replicas,
            ready: bad > 0.85 ? Math.max(0, s.replicas - 1) : s.replicas,
            cpu,
            cpuMax: Math.min(1, cpu * 1.2),
            memory: 72e6,
            memoryMax: 80e6,
            memoryLimit: 256e6,
            restarts: 0,
          },
        ];
      }),
  );
  const entry = edges['ingress>storefront']!;
  return {
    world,
    at,
    windowMs: 1000,
    entry: {
      offered: entry.rate,
      good: entry.good,
      failed: entry.failed,
      protectedOffered: entry.rate * 0.15,
      protectedGood: entry.good * 0.15,
    },
    edges,
    services,
    gaps,
  };
}

/** A small seeded generator (mulberry32), so that every run of the tests draws the same pictures. */
export function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
