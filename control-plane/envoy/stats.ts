/**
 * The statistics we read, in one place: `envoy/` makes Envoys emit exactly these, `telemetry/` reads them. Names are Envoy's
 * with its tags taken out (the metrics service sends those as labels).
 */
import { outbound } from './names.ts';

/** Labels by which an edge is found. */
export const labels = {
  cluster: 'envoy.cluster_name',
  http: 'envoy.http_conn_manager_prefix',
  vhost: 'envoy.virtual_host',
  /** Ours: response flags of a failed answer, from the stats access logger. */
  flags: 'flags',
} as const;

/** Of the caller's HTTP connection manager, label `http`: what the application offered and got back. */
export const httpStats = {
  offered: 'http.downstream_rq_total',
  inFlight: 'http.downstream_rq_active',
  /** Histogram, ms. */
  latency: 'http.downstream_rq_time',
  /** Refused by admission control. */
  refused: 'http.admission_control.rq_rejected',
} as const;

/** Of the edge's cluster, label `cluster`. */
export const clusterStats = {
  hosts: 'cluster.membership_total',
  healthyHosts: 'cluster.membership_healthy',
  ejectedHosts: 'cluster.outlier_detection.ejections_active',
} as const;

/** Of the edge's routes, label `vhost`: counted once for an edge, whichever cluster was tried. */
export const routeStats = { retries: 'vhost.route.upstream_rq_retry' } as const;
export const ROUTE_STAT_PREFIX = 'edge';

/** Gauge, s since the proxy started: tells a new proxy from a new collector. */
export const UPTIME = 'server.uptime';

/** Prefix of the counters that our access loggers keep: `umbra.PREFIX.good`… */
export const GOOD_SCOPE = 'umbra';
/** Counted natively, because they are joint in status and duration. */
export const counted = {
  good: 'good',
  failed: 'failed',
  protectedOffered: 'protected',
  protectedGood: 'protected_good',
} as const;

/** Prefix of what our own filters count (`wasmcustom.umbra_mirror_…`). */
export const FILTER_STATS = 'wasmcustom.umbra_';

/**
 * Upper bounds of latency buckets in ms, each about a fifth above the one before up to 2 s and coarser from there: the
 * quantiles interpolated within one are off by a tenth at most.
 */
export const latencyBuckets: readonly number[] = [
  0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 29, 35, 42, 50, 60, 72, 86, 100, 120, 145, 175, 210,
  250, 300, 360, 430, 520, 620, 750, 900, 1100, 1300, 1600, 2000, 2500, 3200, 4000, 5000, 7000, 10_000, 15_000, 30_000,
  60_000,
];

const literal = (text: string): string => text.replace(/[.|]/g, '\\$&');

/**
 * RE2 patterns of full statistic names for the bootstrap's inclusion list. Everything else is never created, which keeps the
 * stream small and saves memory. `prefixes` are the names of {@link outbound} and the ingress.
 */
export function inclusionPatterns(): string[] {
  const edge = `(${literal(outbound(''))}[a-z0-9-]+|ingress)`;
  return [
    `http\\.${edge}\\.(downstream_rq_total|downstream_rq_active|downstream_rq_time|admission_control\\.rq_rejected)`,
    `cluster\\.${literal(outbound(''))}[a-z0-9-]+\\.(membership_total|membership_healthy|outlier_detection\\.ejections_active)`,
    `vhost\\.${edge}\\.route\\.${ROUTE_STAT_PREFIX}\\.upstream_rq_retry`,
    `${GOOD_SCOPE}\\.${edge}\\..*`,
    `${literal(FILTER_STATS)}.*`,
    literal(UPTIME),
  ];
}
