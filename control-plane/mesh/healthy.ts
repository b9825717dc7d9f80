import type { EdgeWindow, HealthyEdge, HealthyService, ServiceWindow } from './snapshot.ts';

/** Floors: a ratio to nothing says nothing, and a limit made from nothing would be a fault. */
const FLOOR = { rate: 0.2, p50: 1, p99: 5, inFlight: 1, cpu: 0.02, memory: 1 << 20 };

/** What an edge's healthy state is taken from, of each window. */
export type EdgeSample = Pick<EdgeWindow, 'rate' | 'good' | 'failed' | 'inFlight' | 'latency'>;
export type ServiceSample = Pick<ServiceWindow, 'cpu' | 'memory' | 'replicas'>;

/** The healthy state of an edge from one-second windows without symptom, fault or mitigation; at least one. */
export function healthyEdge(samples: readonly EdgeSample[]): HealthyEdge {
  const rate = mean(samples.map((s) => s.rate));
  const offered = sum(samples.map((s) => s.rate));
  const answered = samples.map((s) => s.latency).filter((l) => l.p99 > 0);
  const p50 = Math.max(FLOOR.p50, median(answered.map((l) => l.p50)));
  // A window's p99 over n answers is their largest when n < 100, and P(largest of n ≤ true p99) = 0.99^n: the quantile of
  // windows that stands at the true p99 for this edge's traffic.
  const q = Math.min(0.95, Math.max(0.5, 0.99 ** rate));
  const p99s = answered.map((l) => l.p99);
  // Sampled in-flight is 0 most of the time on a fast edge; Little's law gives its mean.
  const inFlight = Math.max(FLOOR.inFlight, median(samples.map((s) => s.inFlight)), (rate * p50) / 1000);
  return {
    rate: Math.max(FLOOR.rate, rate),
    p50,
    p99: Math.max(FLOOR.p99, p50, quantile(p99s, q)),
    inFlight,
    goodRatio: offered > 0 ? Math.min(1, sum(samples.map((s) => s.good)) / offered) : 1,
    errorRatio: offered > 0 ? Math.min(1, sum(samples.map((s) => s.failed)) / offered) : 0,
    windows: samples.length,
  };
}

/** The healthy state of a service from windows as {@link healthyEdge} takes them. */
export function healthyService(samples: readonly ServiceSample[]): HealthyService {
  return {
    cpu: Math.max(FLOOR.cpu, median(samples.map((s) => s.cpu))),
    memory: Math.max(FLOOR.memory, median(samples.map((s) => s.memory))),
    replicas: Math.max(1, Math.round(median(samples.map((s) => s.replicas)))),
    windows: samples.length,
  };
}

const sum = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0);
/** 0 for an empty list. */
export const mean = (xs: readonly number[]) => (xs.length === 0 ? 0 : sum(xs) / xs.length);

/** Quantile by the nearest rank; 0 for an empty list. */
export function quantile(xs: readonly number[], q: number): number {
  const sorted = [...xs].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}

const median = (xs: readonly number[]) => quantile(xs, 0.5);
