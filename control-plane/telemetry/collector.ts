import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { INGRESS_ROUTES, outbound } from '../envoy/names.ts';
import type { ProxyNode } from '../envoy/node.ts';
import { MetricsService } from '../envoy/protos/gen/envoy/service/metrics/v3/metrics_service_pb.js';
import { grpcService } from '../envoy/protos/grpc.ts';
import type { Clock } from '../mesh/clock.ts';
import { type EdgeWindow, type ErrorRates, noErrors, type Snapshot, type WorldName } from '../mesh/snapshot.ts';
import { type Edge, type EdgeId, INGRESS, type ServiceId, type Topology } from '../mesh/topology.ts';
import { type Buckets, merge, noSamples, quantile } from './histogram.ts';
import { metricsSink } from './metrics-sink.ts';
import { type ProcessSample, ProcessWindows } from './process-window.ts';
import { type ProxyWindow, ProxyWindows } from './proxy-window.ts';
import { edgeCounters, edgeGauges, edgeKey, filterKey, type Report } from './report.ts';
import type { ErrorKind } from './response-flags.ts';

export type { ProcessSample } from './process-window.ts';

export interface EdgeTotals {
  readonly offered: number;
  readonly good: number;
  readonly failed: number;
  readonly errors: Readonly<ErrorRates>;
  readonly retries: number;
}

/** Counts since the collector began, over proxies that came and went. */
export interface Totals {
  readonly edges: Readonly<Record<EdgeId, EdgeTotals>>;
  /** Where the user enters, as {@link edges} has it for the entry edge. */
  readonly offered: number;
  readonly good: number;
  readonly failed: number;
  readonly protectedOffered: number;
  readonly protectedGood: number;
  /** Counters of our own filters by name (`umbra_mirror_…`, `umbra_chaos_…`); `_sum` and `_count` of their histograms. */
  readonly filters: Readonly<Record<string, number>>;
}

export interface Collector {
  /** Envoy's metrics service, for the management server to serve beside ADS. */
  readonly service: { readonly definition: ServiceDefinition; readonly implementation: UntypedServiceImplementation };
  /** From the supervisor, about once a second. */
  processes(samples: readonly ProcessSample[]): void;
  /** Which proxies should be heard, and the replicas asked for. Proxies not named are left out of the picture. */
  expect(nodes: readonly ProxyNode[], replicas: Readonly<Record<ServiceId, number>>): void;
  /** Closes the window. */
  tick(): Snapshot;
  totals(): Totals;
  /** A filter's counter or gauge as one proxy last gave it (a heartbeat, say); undefined before it was heard. */
  filterStat(nodeId: string, name: string): number | undefined;
  /** When a proxy last pushed, on the collector's clock; undefined = never. */
  heardAt(nodeId: string): number | undefined;
  /** What one proxy pushed, as the gRPC service does it. */
  receive(nodeId: string, report: Report): void;
}

export interface CollectorOptions {
  readonly world: WorldName;
  readonly topology: Topology;
  readonly clock: Clock;
  /** Length of a window, ms; how often tick is called. Default 1000. */
  readonly windowMs?: number;
}

/** A proxy that pushes once a second and was not heard for this long is silent. */
const SILENT_MS = 2500;
const errorKinds = Object.keys(noErrors()) as ErrorKind[];

interface Expected {
  readonly node: ProxyNode;
  readonly since: number;
}

/** One edge's counters, or their rates, whichever `of` gives. */
function edgeCounts(prefix: string, of: (key: string) => number): EdgeTotals & { errors: ErrorRates } {
  const get = (what: string) => of(edgeKey(prefix, what));
  const errors = noErrors();
  for (const kind of errorKinds) errors[kind] = get(edgeCounters.failed(kind));
  const failed = errorKinds.reduce((sum, kind) => sum + errors[kind], 0);
  // Admission control answers 503 without a response flag.
  const refused = Math.min(errors.http5xx, get(edgeCounters.refused));
  errors.http5xx -= refused;
  errors.shed += refused;
  return {
    offered: get(edgeCounters.offered),
    good: get(edgeCounters.good),
    failed,
    errors,
    retries: get(edgeCounters.retries),
  };
}

const prefixOf = (e: Edge): string => (e.caller === INGRESS ? INGRESS_ROUTES : outbound(e.callee));

/** One edge over all windows of its caller's proxies. */
function edgeWindow(prefix: string, callee: ServiceId, windows: readonly ProxyWindow[]): EdgeWindow {
  const counts = edgeCounts(prefix, (key) => windows.reduce((sum, w) => sum + (w.rates.get(key) ?? 0), 0));
  const gauges = (name: string, what: string) => windows.map((w) => w.gauges.get(edgeKey(name, what)) ?? 0);
  const largest = (what: string) => Math.max(0, ...gauges(outbound(callee), what));
  const answers = windows.reduce<Buckets>((sum, w) => merge(sum, w.latencies.get(prefix) ?? noSamples), noSamples);
  return {
    rate: counts.offered,
    good: counts.good,
    failed: counts.failed,
    errors: counts.errors,
    latency: { p50: quantile(answers, 0.5), p90: quantile(answers, 0.9), p99: quantile(answers, 0.99) },
    inFlight: gauges(prefix, edgeGauges.inFlight).reduce((sum, n) => sum + n, 0),
    retries: counts.retries,
    hosts: largest(edgeGauges.hosts),
    healthyHosts: largest(edgeGauges.healthy),
    ejectedHosts: largest(edgeGauges.ejected),
  };
}

/** Gathers one world's telemetry into one snapshot a window. */
export function createCollector(options: CollectorOptions): Collector {
  const { world, topology, clock, windowMs: usualMs = 1000 } = options;
  const proxies = new Map<string, ProxyWindows>();
  const processes = new ProcessWindows();
  const expected = new Map<string, Expected>();
  /** Totals of proxies that are gone, by `SERVICE counter`. */
  const bygone = new Map<string, number>();
  /** It was said which proxies are to be heard: others, such as one that was just stopped, are not. */
  let told = false;
  let replicas: Readonly<Record<ServiceId, number>> = Object.fromEntries(
    Object.values(topology.services).map((s) => [s.id, s.replicas]),
  );
  const began = clock.now();
  let lastTick = began;

  const serviceOf = (id: string): ServiceId => expected.get(id)?.node.service ?? '';
  const addTo = (sums: Map<string, number>, service: ServiceId, more: ReadonlyMap<string, number>) => {
    for (const [key, n] of more) sums.set(`${service} ${key}`, (sums.get(`${service} ${key}`) ?? 0) + n);
  };

  function receive(nodeId: string, report: Report): void {
    if (told && !expected.has(nodeId)) return;
    let proxy = proxies.get(nodeId);
    if (!proxy) {
      proxy = new ProxyWindows(began);
      proxies.set(nodeId, proxy);
    }
    proxy.add(report, clock.now());
  }

  function tick(): Snapshot {
    const now = clock.now();
    const setBack = now < lastTick;
    // Else one that falls silent would be missed until the clock has caught up.
    if (setBack) for (const proxy of proxies.values()) proxy.heardAt = Math.min(proxy.heardAt ?? now, now);
    const gaps: string[] = [];
    const windows = new Map<ServiceId, ProxyWindow[]>();
    /** Callers of which a proxy is not heard, and services of which no process is. */
    const silentCallers = new Set<ServiceId>();
    const unsampled: ServiceId[] = [];
    for (const { node, since } of expected.values()) {
      const proxy = proxies.get(node.id);
      const heardAt = proxy?.heardAt ?? since;
      const silent = now - heardAt > SILENT_MS;
      if (silent || !proxy?.measured) silentCallers.add(node.service);
      if (silent) gaps.push(`no metrics from ${node.id} for ${Math.round((now - heardAt) / 1000)} s`);
      else if (proxy) {
        const all = windows.get(node.service) ?? [];
        all.push(proxy.take());
        windows.set(node.service, all);
      }
    }
    const services = processes.take(replicas, now);
    const sampled = processes.sampled(now);
    for (const service of Object.values(topology.services)) {
      const window = services[service.id];
      if (!window || sampled.has(service.id)) continue;
      if (service.external) window.ready = window.replicas;
      else {
        gaps.push(`no process samples of ${service.id}`);
        unsampled.push(service.id);
      }
    }
    const edges: Record<EdgeId, EdgeWindow> = {};
    for (const edge of Object.values(topology.edges))
      edges[edge.id] = edgeWindow(prefixOf(edge), edge.callee, windows.get(edge.caller) ?? []);
    const unseen = Object.values(topology.edges).filter((e) => silentCallers.has(e.caller));
    const entry = edges[topology.entry];
    const atEntry = (what: string) =>
      (windows.get(INGRESS) ?? []).reduce((sum, w) => sum + (w.rates.get(edgeKey(INGRESS_ROUTES, what)) ?? 0), 0);
    const windowMs = setBack ? usualMs : Math.max(1, now - lastTick);
    lastTick = now;
    return {
      world,
      at: now,
      windowMs,
      entry: {
        offered: entry?.rate ?? 0,
        good: entry?.good ?? 0,
        failed: entry?.failed ?? 0,
        protectedOffered: atEntry(edgeCounters.protectedOffered),
        protectedGood: atEntry(edgeCounters.protectedGood),
      },
      edges,
      services,
      gaps,
      ...(unseen.length + unsampled.length > 0 ? { unseen: [...unseen.map((e) => e.id), ...unsampled] } : {}),
    };
  }

  function totals(): Totals {
    const all = new Map(bygone);
    for (const [id, proxy] of proxies) addTo(all, serviceOf(id), proxy.totals());
    const edges: Record<EdgeId, EdgeTotals> = {};
    for (const edge of Object.values(topology.edges))
      edges[edge.id] = edgeCounts(prefixOf(edge), (key) => all.get(`${edge.caller} ${key}`) ?? 0);
    const entry = edges[topology.entry] ?? edgeCounts('', () => 0);
    const atEntry = (what: string) => all.get(`${INGRESS} ${edgeKey(INGRESS_ROUTES, what)}`) ?? 0;
    const filters: Record<string, number> = {};
    for (const [key, n] of all) {
      const at = key.indexOf(` ${filterKey('')}`);
      if (at < 0) continue;
      const name = key.slice(at + 1 + filterKey('').length);
      filters[name] = (filters[name] ?? 0) + n;
    }
    return {
      edges,
      offered: entry.offered,
      good: entry.good,
      failed: entry.failed,
      protectedOffered: atEntry(edgeCounters.protectedOffered),
      protectedGood: atEntry(edgeCounters.protectedGood),
      filters,
    };
  }

  return {
    service: { definition: grpcService(MetricsService), implementation: metricsSink(receive, clock) },
    processes: (samples) => processes.add(samples, clock.now()),
    expect(nodes, wanted) {
      replicas = wanted;
      told = true;
      const now = clock.now();
      const ids = new Set(nodes.map((n) => n.id));
      for (const node of nodes) expected.set(node.id, { node, since: expected.get(node.id)?.since ?? now });
      for (const [id, proxy] of proxies) {
        if (ids.has(id)) continue;
        addTo(bygone, serviceOf(id), proxy.totals());
        proxies.delete(id);
      }
      for (const id of expected.keys()) if (!ids.has(id)) expected.delete(id);
    },
    tick,
    totals,
    filterStat: (nodeId, name) => proxies.get(nodeId)?.latest(filterKey(name)),
    heardAt: (nodeId) => proxies.get(nodeId)?.heardAt,
    receive,
  };
}
