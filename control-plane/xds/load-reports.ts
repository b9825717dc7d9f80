import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Node } from '../envoy/protos/gen/envoy/config/core/v3/base_pb.js';
import type { ClusterStats } from '../envoy/protos/gen/envoy/config/endpoint/v3/load_report_pb.js';
import {
  LoadReportingService,
  type LoadStatsRequest,
  LoadStatsRequestSchema,
  LoadStatsResponseSchema,
} from '../envoy/protos/gen/envoy/service/load_stats/v3/lrs_pb.js';
import type { CallStream, Refusal, Wire } from './call-stream.ts';
import { frameMessage } from './http2-call.ts';
import type { Limits } from './limits.ts';
import type { Peer } from './peer.ts';
import type { ListenerScope } from './resource.ts';
import { TokenBucket } from './token-bucket.ts';

/** Requests since the report before. */
export interface Load {
  readonly issued: number;
  readonly successful: number;
  readonly errors: number;
  /** Not finished when the report was made. */
  readonly inProgress: number;
}

export interface EndpointLoad extends Load {
  /** `host:port`, or the path of a socket. */
  readonly address: string;
}

export interface LocalityLoad extends Load {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
  readonly priority: number;
  /** Only where endpoints were asked for. */
  readonly endpoints: readonly EndpointLoad[];
}

export interface ClusterLoad extends Load {
  readonly cluster: string;
  /** What EDS knows it by, where that is another name. */
  readonly service: string;
  /** Time the figures are over, ms. */
  readonly intervalMs: number;
  /** Requests that were not sent: by circuit breaking, or by a drop policy. */
  readonly dropped: number;
  readonly droppedBy: Readonly<Record<string, number>>;
  readonly localities: readonly LocalityLoad[];
}

/** What one client sent where, a report of the load reporting service (envoy.service.load_stats.v3). */
export interface LoadReport {
  readonly nodeId: string;
  readonly at: number;
  readonly clusters: readonly ClusterLoad[];
}

export interface LoadReportOptions {
  /** How often clients report, ms. */
  readonly intervalMs: number;
  /** Figures for each endpoint as well. Default: for each locality only. */
  readonly endpoints?: boolean;
}

/** What the service needs of the server. */
export interface LoadReportHub {
  /** Of the address. */
  readonly scope: ListenerScope;
  readonly limits: Limits;
  now(): number;
  /** Why a peer may not report as this node; undefined = it may. */
  admit(peer: Peer, nodeId: string): string | undefined;
  /** Names of the clusters a node is served. */
  clustersOf(nodeId: string): readonly string[];
  onReport(report: LoadReport): void;
  onLimit(stream: CallStream, detail: string): void;
}

/** Clients that say so can be asked for all of their clusters; others ignore the question, and need names. */
const SEND_ALL = 'envoy.lrs.supports_send_all_clusters';

/** Reports may come twice as often as asked for, and so many at once: they may have been held up together. */
const OFTEN = 2;
const AT_ONCE = 4;

/** Bytes of a report that take the server as long as a small one. */
const UNIT = 1024;

/** The load reporting service (LRS); its streams are {@link ReportStream}s. */
export const loadReporting = {
  service: LoadReportingService.typeName,
  name: LoadReportingService.method.streamLoadStats.name,
  path: `/${LoadReportingService.typeName}/${LoadReportingService.method.streamLoadStats.name}`,
};

/**
 * One client's reports. It says who it is, is told for which clusters to report and how often, and then reports; it is told
 * again when its clusters have changed. What it reports more often than it may is not even read.
 */
export class ReportStream implements CallStream {
  readonly scope: ListenerScope;
  readonly peer: Peer;
  node: { readonly id: string } | undefined;
  heard = false;
  readonly #wire: Wire;
  readonly #hub: LoadReportHub;
  readonly #options: LoadReportOptions;
  readonly #allowed: TokenBucket;
  #all = false;
  /** The names last asked for, as one text. */
  #asked: string | undefined;
  #writable = true;
  #closed = false;

  constructor(wire: Wire, peer: Peer, hub: LoadReportHub, options: LoadReportOptions) {
    this.scope = hub.scope;
    this.peer = peer;
    this.#wire = wire;
    this.#hub = hub;
    this.#options = options;
    this.#allowed = new TokenBucket((OFTEN * 1000) / options.intervalMs, AT_ONCE, hub.now());
  }

  onMessage(bytes: Uint8Array): number {
    if (this.#closed) return 0;
    this.heard = true;
    if (this.node && !this.#allowed.tryTake(this.#hub.now())) this.#hub.onLimit(this, 'load reports too often');
    else this.#read(bytes);
    return 1 + Math.floor(bytes.length / UNIT);
  }

  onDrain(): void {
    this.#writable = true;
    this.pump();
  }

  onClose(): void {
    this.#closed = true;
  }

  pump(): boolean {
    if (!this.node || !this.#writable || this.#closed) return false;
    const clusters = this.#all ? [] : [...this.#hub.clustersOf(this.node.id)].sort();
    const asked = clusters.join('\n');
    if (asked === this.#asked) return false;
    this.#asked = asked;
    const { intervalMs, endpoints = false } = this.#options;
    const question = create(LoadStatsResponseSchema, {
      clusters,
      sendAllClusters: this.#all,
      loadReportingInterval: {
        seconds: BigInt(Math.floor(intervalMs / 1000)),
        nanos: Math.round((intervalMs % 1000) * 1e6),
      },
      reportEndpointGranularity: endpoints,
    });
    this.#writable = this.#wire.write(frameMessage(toBinary(LoadStatsResponseSchema, question)));
    return true;
  }

  end(refusal: Refusal, detail: string): void {
    if (this.#closed) return;
    this.onClose();
    this.#wire.end(refusal, detail);
  }

  #read(bytes: Uint8Array): void {
    const request = this.#decode(bytes);
    if (!request) return;
    const { node, clusterStats } = request;
    if (this.node)
      this.#hub.onReport({ nodeId: this.node.id, at: this.#hub.now(), clusters: clusterStats.map(clusterLoad) });
    else this.#identify(node);
    this.pump();
  }

  #decode(bytes: Uint8Array): LoadStatsRequest | undefined {
    try {
      return fromBinary(LoadStatsRequestSchema, bytes);
    } catch (error) {
      this.end('INVALID_ARGUMENT', `not a load report: ${(error as Error).message}`);
      return undefined;
    }
  }

  #identify(node: Node | undefined): void {
    const id = node?.id ?? '';
    const isFit = id !== '' && id.length <= this.#hub.limits.nameLength;
    const reason = isFit ? this.#hub.admit(this.peer, id) : undefined;
    if (!isFit) this.end('INVALID_ARGUMENT', 'the first request must carry node.id');
    else if (reason !== undefined) this.end('PERMISSION_DENIED', reason);
    else {
      this.node = { id };
      this.#all = node!.clientFeatures.includes(SEND_ALL);
    }
  }
}

/** Figures of one cluster; those of all its localities together are the cluster's own. */
export function clusterLoad(stats: ClusterStats): ClusterLoad {
  const localities = stats.upstreamLocalityStats.map(
    (l): LocalityLoad => ({
      region: l.locality?.region ?? '',
      zone: l.locality?.zone ?? '',
      subZone: l.locality?.subZone ?? '',
      priority: l.priority,
      ...load(l),
      endpoints: l.upstreamEndpointStats.map((e): EndpointLoad => ({ address: addressText(e), ...load(e) })),
    }),
  );
  const sum = (of: keyof Load) => localities.reduce((n, l) => n + l[of], 0);
  const { seconds = 0n, nanos = 0 } = stats.loadReportInterval ?? {};
  return {
    cluster: stats.clusterName,
    service: stats.clusterServiceName,
    intervalMs: Number(seconds) * 1000 + nanos / 1e6,
    issued: sum('issued'),
    successful: sum('successful'),
    errors: sum('errors'),
    inProgress: sum('inProgress'),
    dropped: Number(stats.totalDroppedRequests),
    droppedBy: Object.fromEntries(stats.droppedRequests.map((d) => [d.category, Number(d.droppedCount)])),
    localities,
  };
}

function load(stats: {
  totalIssuedRequests: bigint;
  totalSuccessfulRequests: bigint;
  totalErrorRequests: bigint;
  totalRequestsInProgress: bigint;
}): Load {
  return {
    issued: Number(stats.totalIssuedRequests),
    successful: Number(stats.totalSuccessfulRequests),
    errors: Number(stats.totalErrorRequests),
    inProgress: Number(stats.totalRequestsInProgress),
  };
}

type EndpointStats = ClusterStats['upstreamLocalityStats'][number]['upstreamEndpointStats'][number];

function addressText({ address }: EndpointStats): string {
  const of = address?.address;
  if (of?.case === 'pipe') return of.value.path;
  if (of?.case !== 'socketAddress') return '';
  const { portSpecifier: port } = of.value;
  return `${of.value.address}:${port.case === 'portValue' ? port.value : (port.value ?? '')}`;
}
