import { calleeOf, INGRESS_ROUTES } from '../envoy/names.ts';
import type { MetricFamily } from '../envoy/protos/gen/io/prometheus/client/metrics_pb.js';
import {
  clusterStats,
  counted,
  FILTER_STATS,
  GOOD_SCOPE,
  httpStats,
  labels,
  routeStats,
  UPTIME,
} from '../envoy/stats.ts';
import type { Buckets } from './histogram.ts';
import { errorKind } from './response-flags.ts';

/** What one push of one proxy says. Counters are cumulative since that proxy started, histograms are of the last interval. */
export interface Report {
  /** On the proxy's clock, ms since the epoch. */
  readonly at: number;
  /** By counter key: see {@link edgeKey}. */
  readonly counters: ReadonlyMap<string, number>;
  readonly gauges: ReadonlyMap<string, number>;
  readonly latencies: ReadonlyMap<string, Buckets>;
  /** Increases within the last interval: sums and counts of our filters' histograms. */
  readonly increases: ReadonlyMap<string, number>;
  /** For how long the proxy has been running, ms; undefined when it does not say. */
  readonly uptimeMs: number | undefined;
}

/** The key of one number of one edge: `PREFIX what`, PREFIX being the edge's listener (`out|cart`, `ingress`). */
export const edgeKey = (prefix: string, what: string): string => `${prefix} ${what}`;
export const filterKey = (name: string): string => `filter ${name}`;

export const edgeCounters = {
  offered: 'offered',
  good: counted.good,
  failed: (kind: string) => `failed:${kind}`,
  refused: 'refused',
  retries: 'retries',
  protectedOffered: counted.protectedOffered,
  protectedGood: counted.protectedGood,
} as const;
export const edgeGauges = { inFlight: 'inFlight', hosts: 'hosts', healthy: 'healthy', ejected: 'ejected' } as const;

const byHttpPrefix: Record<string, string> = {
  [httpStats.offered]: edgeCounters.offered,
  [httpStats.refused]: edgeCounters.refused,
  [httpStats.inFlight]: edgeGauges.inFlight,
};
const byCluster: Record<string, string> = {
  [clusterStats.hosts]: edgeGauges.hosts,
  [clusterStats.healthyHosts]: edgeGauges.healthy,
  [clusterStats.ejectedHosts]: edgeGauges.ejected,
};

const isEdge = (prefix: string | undefined): prefix is string =>
  prefix !== undefined && (prefix === INGRESS_ROUTES || calleeOf(prefix) !== undefined);

/** `umbra.PREFIX.NAME` of our counting access loggers. */
function ownCounter(name: string, flags: string | undefined): [prefix: string, what: string] | undefined {
  const rest = name.slice(GOOD_SCOPE.length + 1);
  const dot = rest.lastIndexOf('.');
  const prefix = rest.slice(0, dot);
  const what = rest.slice(dot + 1);
  if (!isEdge(prefix)) return undefined;
  return what === counted.failed ? [prefix, edgeCounters.failed(errorKind(flags ?? '-'))] : [prefix, what];
}

/** Reads one message of Envoy's metrics service. What is not known is passed over. */
export function readReport(families: readonly MetricFamily[], receivedAt: number): Report {
  let at = 0;
  const counters = new Map<string, number>();
  const gauges = new Map<string, number>();
  const latencies = new Map<string, Buckets>();
  const increases = new Map<string, number>();
  let uptimeMs: number | undefined;
  const add = (key: string, value: number) => counters.set(key, (counters.get(key) ?? 0) + value);
  for (const { name, metric } of families) {
    for (const m of metric) {
      at = Math.max(at, Number(m.timestampMs));
      const label = (wanted: string) => m.label.find((l) => l.name === wanted)?.value;
      const http = label(labels.http);
      if (name === UPTIME) {
        uptimeMs = (m.gauge?.value ?? 0) * 1000;
      } else if (name.startsWith(`${GOOD_SCOPE}.`)) {
        const own = ownCounter(name, label(labels.flags));
        if (own) add(edgeKey(...own), m.counter?.value ?? 0);
      } else if (name.startsWith(FILTER_STATS)) {
        const key = filterKey(name.slice('wasmcustom.'.length));
        if (m.gauge) gauges.set(key, m.gauge.value);
        else if (m.histogram) {
          increases.set(`${key}_sum`, m.histogram.sampleSum);
          increases.set(`${key}_count`, Number(m.histogram.sampleCount));
        } else add(key, m.counter?.value ?? 0);
      } else if (name === routeStats.retries) {
        const vhost = label(labels.vhost);
        if (isEdge(vhost)) add(edgeKey(vhost, edgeCounters.retries), m.counter?.value ?? 0);
      } else if (name === httpStats.latency) {
        if (isEdge(http) && m.histogram) {
          latencies.set(http, {
            bounds: m.histogram.bucket.map((b) => b.upperBound),
            counts: m.histogram.bucket.map((b) => Number(b.cumulativeCount)),
            total: Number(m.histogram.sampleCount),
          });
        }
      } else if (byHttpPrefix[name] !== undefined && isEdge(http)) {
        if (m.counter) add(edgeKey(http, byHttpPrefix[name]), m.counter.value);
        else gauges.set(edgeKey(http, byHttpPrefix[name]), m.gauge?.value ?? 0);
      } else if (byCluster[name] !== undefined) {
        const cluster = label(labels.cluster);
        if (isEdge(cluster)) gauges.set(edgeKey(cluster, byCluster[name]), m.gauge?.value ?? 0);
      }
    }
  }
  return { at: at || receivedAt, counters, gauges, latencies, increases, uptimeMs };
}
