import type { HealthyEdge, HealthyService, HealthyState, Snapshot } from '../../mesh/snapshot.ts';

const median = (xs: readonly number[]): number => {
  const sorted = [...xs].sort((a, b) => a - b);
  const mid = sorted.length >> 1;
  return sorted.length === 0 ? 0 : sorted.length % 2 === 1 ? sorted[mid]! : (sorted[mid - 1]! + sorted[mid]!) / 2;
};
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / Math.max(1, xs.length);

/** The healthy state of untroubled windows: medians; in-flight as rate × latency (Little), since gauges read at an instant are mostly 0. */
export function healthyOf(windows: readonly Snapshot[]): HealthyState {
  const edges: Record<string, HealthyEdge> = {};
  for (const id of Object.keys(windows[0]?.edges ?? {})) {
    const seen = windows.map((w) => w.edges[id as keyof typeof w.edges]!);
    const rate = median(seen.map((e) => e.rate));
    const p50 = median(seen.map((e) => e.latency.p50));
    edges[id] = {
      rate,
      p50,
      p99: median(seen.map((e) => e.latency.p99)),
      inFlight: Math.max(mean(seen.map((e) => e.inFlight)), (rate * p50) / 1000),
      goodRatio: median(seen.map((e) => (e.rate > 0 ? e.good / e.rate : 1))),
      errorRatio: median(seen.map((e) => (e.rate > 0 ? e.failed / e.rate : 0))),
      windows: seen.length,
    };
  }
  const services: Record<string, HealthyService> = {};
  for (const id of Object.keys(windows[0]?.services ?? {})) {
    const seen = windows.map((w) => w.services[id]!);
    services[id] = {
      cpu: median(seen.map((s) => s.cpu)),
      memory: median(seen.map((s) => s.memory)),
      replicas: median(seen.map((s) => s.replicas)),
      windows: seen.length,
    };
  }
  return { edges, services, goodput: median(windows.map((w) => w.entry.good)) };
}
