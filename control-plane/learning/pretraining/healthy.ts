import type { HealthyEdge, HealthyService, HealthyState, Snapshot } from '../../mesh/snapshot.ts';

/** Floors, as telemetry has them: a ratio to nothing says nothing. */
const FLOOR = { rate: 0.2, p50: 1, p99: 5, inFlight: 1, cpu: 0.02, memory: 1 << 20 };

/** Quantile by the nearest rank; 0 for an empty list. */
function quantile(xs: readonly number[], q: number): number {
  const sorted = [...xs].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? 0;
}
const median = (xs: readonly number[]): number => quantile(xs, 0.5);
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / Math.max(1, xs.length);

/**
 * The healthy state of untroubled windows, as telemetry takes it: medians, but for p99 (a window's is low where it has few
 * answers) and for requests in flight, which Little's law gives where gauges read at an instant are mostly 0.
 */
export function healthyOf(windows: readonly Snapshot[]): HealthyState {
  const edges: Record<string, HealthyEdge> = {};
  for (const id of Object.keys(windows[0]?.edges ?? {})) {
    const seen = windows.map((w) => w.edges[id as keyof typeof w.edges]!);
    const rate = Math.max(FLOOR.rate, mean(seen.map((e) => e.rate)));
    const p50 = Math.max(FLOOR.p50, median(seen.map((e) => e.latency.p50)));
    edges[id] = {
      rate,
      p50,
      p99: Math.max(
        FLOOR.p99,
        p50,
        quantile(
          seen.map((e) => e.latency.p99),
          Math.min(0.95, Math.max(0.5, 0.99 ** rate)),
        ),
      ),
      inFlight: Math.max(FLOOR.inFlight, median(seen.map((e) => e.inFlight)), (rate * p50) / 1000),
      goodRatio: median(seen.map((e) => (e.rate > 0 ? e.good / e.rate : 1))),
      errorRatio: median(seen.map((e) => (e.rate > 0 ? e.failed / e.rate : 0))),
      windows: seen.length,
    };
  }
  const services: Record<string, HealthyService> = {};
  for (const id of Object.keys(windows[0]?.services ?? {})) {
    const seen = windows.map((w) => w.services[id]!);
    services[id] = {
      cpu: Math.max(FLOOR.cpu, median(seen.map((s) => s.cpu))),
      memory: Math.max(FLOOR.memory, median(seen.map((s) => s.memory))),
      replicas: median(seen.map((s) => s.replicas)),
      windows: seen.length,
    };
  }
  return { edges, services, goodput: mean(windows.map((w) => w.entry.good)) };
}
