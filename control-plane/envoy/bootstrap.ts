import { isIP } from 'node:net';
import type { JsonObject } from '@bufbuild/protobuf';
import { type ClientTls, tlsSocket } from './client-tls.ts';
import { FAULT_LAYER, TUNING_LAYER } from './names.ts';
import type { Address, ProxyNode } from './node.ts';
import { inclusionPatterns, latencyBuckets } from './stats.ts';

export interface BootstrapOptions {
  /** The management server: a Unix socket of this node's world (its scope), or TCP. */
  readonly xds: Address;
  /** Admin interface; a Unix socket keeps it out of reach of everything but this user. */
  readonly admin: Address;
  /** How often metrics are pushed, ms. */
  readonly statsIntervalMs: number;
  /** Mutual TLS to the management server; absent = plaintext. */
  readonly tls?: ClientTls | undefined;
}

const XDS_CLUSTER = 'umbra_xds';
/**
 * A callout buffers the shadow's whole answer, and there may be 64 at a time: this keeps endless ones from filling production's
 * memory. Larger answers are cut, and not compared. Nothing else in these proxies makes calls that are buffered.
 */
export const ASYNC_RESPONSE_LIMIT = 128 * 1024;
const MOST_CONNECTIONS = 20_000;

const jsonAddress = (a: Address): JsonObject =>
  'pipe' in a ? { pipe: { path: a.pipe } } : { socketAddress: { address: a.host, portValue: a.port } };

const grpcService: JsonObject = { envoyGrpc: { clusterName: XDS_CLUSTER } };
const ads: JsonObject = { ads: {}, resourceApiVersion: 'V3' };

/**
 * An Envoy's bootstrap in protobuf JSON: one delta ADS stream for everything, runtime layers over it, metrics pushed to the
 * same server. Nothing of the node's world is in it but its id; what it may be served is decided by the socket it comes by.
 */
export function bootstrap(node: ProxyNode, options: BootstrapOptions): JsonObject {
  const rtds = (name: string): JsonObject => ({ name, rtdsLayer: { name, rtdsConfig: ads } });
  return {
    // Without the feature the server would send no time to live, and a native fault would outlive the control plane.
    node: { id: node.id, cluster: node.service, clientFeatures: ['xds.config.supports-resource-ttl'] },
    admin: { address: jsonAddress(options.admin) },
    dynamicResources: {
      adsConfig: {
        apiType: 'DELTA_GRPC',
        transportApiVersion: 'V3',
        grpcServices: [grpcService],
        setNodeOnFirstMessageOnly: true,
      },
      ldsConfig: ads,
      cdsConfig: ads,
    },
    staticResources: {
      clusters: [
        {
          name: XDS_CLUSTER,
          type: 'pipe' in options.xds || isIP(options.xds.host) ? 'STATIC' : 'STRICT_DNS',
          connectTimeout: '1s',
          ...(options.tls ? { transportSocket: tlsSocket(options.tls) } : {}),
          loadAssignment: {
            clusterName: XDS_CLUSTER,
            endpoints: [{ lbEndpoints: [{ endpoint: { address: jsonAddress(options.xds) } }] }],
          },
          typedExtensionProtocolOptions: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicitHttpConfig: {
                // A control plane that hangs is noticed, and the stream opened anew.
                http2ProtocolOptions: { connectionKeepalive: { interval: '10s', timeout: '5s' } },
              },
            },
          },
        },
      ],
    },
    layeredRuntime: {
      layers: [
        { name: 'static', staticLayer: { 'http.async_response_buffer_limit': String(ASYNC_RESPONSE_LIMIT) } },
        rtds(TUNING_LAYER),
        ...(node.world === 'shadow' ? [rtds(FAULT_LAYER)] : []),
      ],
    },
    overloadManager: {
      resourceMonitors: [
        {
          name: 'envoy.resource_monitors.global_downstream_max_connections',
          typedConfig: {
            '@type':
              'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
            maxActiveDownstreamConnections: MOST_CONNECTIONS,
          },
        },
      ],
    },
    statsFlushInterval: `${options.statsIntervalMs / 1000}s`,
    statsSinks: [
      {
        name: 'envoy.stat_sinks.metrics_service',
        typedConfig: {
          '@type': 'type.googleapis.com/envoy.config.metrics.v3.MetricsServiceConfig',
          grpcService,
          transportApiVersion: 'V3',
          emitTagsAsLabels: true,
          histogramEmitMode: 'HISTOGRAM',
        },
      },
    ],
    statsConfig: {
      statsMatcher: {
        inclusionList: {
          patterns: inclusionPatterns().map((regex) => ({ safeRegex: { regex } })),
        },
      },
      histogramBucketSettings: [{ match: { prefix: 'http.' }, buckets: [...latencyBuckets] }],
    },
  };
}
