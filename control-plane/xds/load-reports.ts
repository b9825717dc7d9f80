import { create, type MessageShape } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import type { Node } from '../envoy/protos/gen/envoy/config/core/v3/base_pb.js';
import type { ClusterStats } from '../envoy/protos/gen/envoy/config/endpoint/v3/load_report_pb.js';
import {
  LoadReportingService,
  type LoadStatsRequest,
  LoadStatsResponseSchema,
} from '../envoy/protos/gen/envoy/service/load_stats/v3/lrs_pb.js';
import { grpcService } from '../envoy/protos/grpc.ts';
import type { ExtraService } from './extra-service.ts';
import type { Peer } from './peer.ts';

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
  now(): number;
  /** Why a peer may not report as this node; undefined = it may. */
  admit(peer: Peer, nodeId: string): string | undefined;
  /** Names of the clusters a node is served. */
  clustersOf(nodeId: string): readonly string[];
  onReport(report: LoadReport): void;
}

/** Clients that say so can be asked for all of their clusters; others ignore the question, and need names. */
const SEND_ALL = 'envoy.lrs.supports_send_all_clusters';

type Call = grpc.ServerDuplexStream<LoadStatsRequest, MessageShape<typeof LoadStatsResponseSchema>>;

/**
 * The load reporting service (LRS). A client says who it is, is told for which clusters to report and how often, and then
 * reports; it is told again when its clusters have changed.
 */
export function loadReporting(hub: LoadReportHub, options: LoadReportOptions): ExtraService {
  return {
    definition: grpcService(LoadReportingService),
    implementation: {
      streamLoadStats: ((call: Call, _: undefined, peer: Peer) => new ReportStream(call, peer, hub, options)) as never,
    },
    authorise: () => undefined,
  };
}

class ReportStream {
  readonly #call: Call;
  readonly #peer: Peer;
  readonly #hub: LoadReportHub;
  readonly #options: LoadReportOptions;
  #nodeId: string | undefined;
  #all = false;
  /** The names last asked for, as one text. */
  #asked: string | undefined;

  constructor(call: Call, peer: Peer, hub: LoadReportHub, options: LoadReportOptions) {
    this.#call = call;
    this.#peer = peer;
    this.#hub = hub;
    this.#options = options;
    call.on('data', (request: LoadStatsRequest) => this.#onRequest(request));
    call.on('end', () => call.end());
    call.on('error', () => {});
  }

  #onRequest({ node, clusterStats }: LoadStatsRequest): void {
    if (this.#nodeId !== undefined)
      this.#hub.onReport({ nodeId: this.#nodeId, at: this.#hub.now(), clusters: clusterStats.map(clusterLoad) });
    else if (!this.#identify(node)) return;
    this.#ask();
  }

  #identify(node: Node | undefined): boolean {
    const refuse = (code: grpc.status, details: string) => !this.#call.emit('error', { code, details });
    const id = node?.id ?? '';
    if (id === '') return refuse(grpc.status.INVALID_ARGUMENT, 'the first request must carry node.id');
    const reason = this.#hub.admit(this.#peer, id);
    if (reason !== undefined) return refuse(grpc.status.PERMISSION_DENIED, reason);
    this.#nodeId = id;
    this.#all = node!.clientFeatures.includes(SEND_ALL);
    return true;
  }

  #ask(): void {
    const clusters = this.#all ? [] : [...this.#hub.clustersOf(this.#nodeId!)].sort();
    const asked = clusters.join('\n');
    if (asked === this.#asked) return;
    this.#asked = asked;
    const { intervalMs, endpoints = false } = this.#options;
    this.#call.write(
      create(LoadStatsResponseSchema, {
        clusters,
        sendAllClusters: this.#all,
        loadReportingInterval: {
          seconds: BigInt(Math.floor(intervalMs / 1000)),
          nanos: Math.round((intervalMs % 1000) * 1e6),
        },
        reportEndpointGranularity: endpoints,
      }),
    );
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
