/**
 * Clusters ship with everything a mitigation may need, wide open; runtime keys tune them. A cluster is never replaced while it
 * is in an incident: Envoy would close its connections and forget its ejections.
 */

import { isIP } from 'node:net';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Protocol, Service } from '../mesh/topology.ts';
import { address, duration, fromAds, pack } from './messages.ts';
import { INBOUND, outbound, SHADOW_CLUSTER } from './names.ts';
import type { Address, Endpoint } from './node.ts';
import {
  Cluster_DnsLookupFamily,
  Cluster_LbPolicy,
  type ClusterSchema,
  Cluster_DiscoveryType as Discovery,
} from './protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { RoutingPriority } from './protos/gen/envoy/config/core/v3/base_pb.js';
import { HealthStatus } from './protos/gen/envoy/config/core/v3/health_check_pb.js';
import { SocketOption_SocketState } from './protos/gen/envoy/config/core/v3/socket_option_pb.js';
import type { ClusterLoadAssignmentSchema } from './protos/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { HttpProtocolOptionsSchema } from './protos/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';

type ClusterInit = MessageInitShape<typeof ClusterSchema> & { name: string };
type Assignment = MessageInitShape<typeof ClusterLoadAssignmentSchema> & { clusterName: string };

/** No limit that anybody meets by accident; the mitigation's numbers come by runtime. */
export const WIDE_OPEN = 1_000_000;
/** Share of hosts below which Envoy ignores health, in percent: with three hosts two may be out. */
const PANIC_PERCENT = 25;
/** Ejections end this soon once outlier detection is off again, which makes the mitigation undoable. */
export const OUTLIER_INTERVAL_MS = 1000;
export const CONNECT_TIMEOUT_MS = 1000;

type Spoken = MessageInitShape<typeof HttpProtocolOptionsSchema>['upstreamProtocolOptions'];

/** What is spoken to a service, whatever its caller speaks; where nobody says, what the caller speaks. */
function spoken(protocol: Protocol | undefined): Spoken {
  if (protocol === undefined)
    return { case: 'useDownstreamProtocolConfig', value: { httpProtocolOptions: {}, http2ProtocolOptions: {} } };
  const which = protocol === 'http' ? 'httpProtocolOptions' : 'http2ProtocolOptions';
  return { case: 'explicitHttpConfig', value: { protocolConfig: { case: which, value: {} } } };
}

/** @param idleMs unused connections are closed after it; must be below the peer's own keep-alive time-out */
function options(idleMs: number, protocol: Protocol | undefined): ClusterInit['typedExtensionProtocolOptions'] {
  return {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': pack(HttpProtocolOptionsSchema, {
      commonHttpProtocolOptions: { idleTimeout: duration(idleMs) },
      upstreamProtocolOptions: spoken(protocol),
    }),
  };
}

const lbEndpoint = (a: Address, healthy = true) => ({
  hostIdentifier: { case: 'endpoint' as const, value: { address: address(a) } },
  healthStatus: healthy ? HealthStatus.HEALTHY : HealthStatus.UNHEALTHY,
});

/** Endpoints of one service, as EDS serves them. */
export function assignment(name: string, endpoints: readonly Endpoint[]): Assignment {
  const nobody = endpoints.every((e) => !e.healthy);
  return {
    clusterName: name,
    // Health that would leave nobody is not believed: a picture of the mesh must not be able to turn it off.
    endpoints: [{ lbEndpoints: endpoints.map((e) => lbEndpoint(e.address, e.healthy || nobody)) }],
  };
}

/** Whether an endpoint has to be resolved by name, which EDS cannot do. */
export const needsDns = (endpoints: readonly Endpoint[]): boolean =>
  endpoints.some((e) => 'host' in e.address && isIP(e.address.host) === 0);

type Discovered = Pick<ClusterInit, 'clusterDiscoveryType' | 'dnsLookupFamily' | 'loadAssignment'>;

/** One name is tried at all its addresses (an IPv6 one may lead nowhere); several names cannot be. */
function byName(name: string, endpoints: readonly Endpoint[]): Discovered {
  const single = endpoints.length === 1;
  return {
    clusterDiscoveryType: { case: 'type', value: single ? Discovery.LOGICAL_DNS : Discovery.STRICT_DNS },
    dnsLookupFamily: single ? Cluster_DnsLookupFamily.ALL : Cluster_DnsLookupFamily.V4_PREFERRED,
    loadAssignment: assignment(name, endpoints),
  };
}

/** The cluster of one edge in its caller's proxy. */
export function edgeCluster(callee: Service, endpoints: readonly Endpoint[]): ClusterInit {
  const name = outbound(callee.id);
  return {
    name,
    ...(needsDns(endpoints)
      ? byName(name, endpoints)
      : {
          clusterDiscoveryType: { case: 'type', value: Discovery.EDS },
          edsClusterConfig: { edsConfig: fromAds, serviceName: callee.id },
        }),
    connectTimeout: duration(CONNECT_TIMEOUT_MS),
    lbPolicy: Cluster_LbPolicy.LEAST_REQUEST,
    commonLbConfig: { healthyPanicThreshold: { value: PANIC_PERCENT }, updateMergeWindow: duration(0) },
    circuitBreakers: {
      thresholds: [
        {
          priority: RoutingPriority.DEFAULT,
          maxConnections: WIDE_OPEN,
          maxPendingRequests: WIDE_OPEN,
          maxRequests: WIDE_OPEN,
          maxRetries: WIDE_OPEN,
          retryBudget: { budgetPercent: { value: 100 }, minRetryConcurrency: 3 },
        },
      ],
    },
    outlierDetection: {
      interval: duration(OUTLIER_INTERVAL_MS),
      baseEjectionTime: duration(1),
      maxEjectionTime: duration(1),
      maxEjectionTimeJitter: duration(0),
      maxEjectionPercent: 0,
      // While off, every failure counts as detected and sets the count back to 0. Envoy compares the count with the threshold
      // for equality: a count that had grown past a threshold lowered by runtime would never eject anything.
      consecutive5xx: 1,
      enforcingConsecutive5xx: 0,
      enforcingConsecutiveGatewayFailure: 0,
      enforcingSuccessRate: 0,
    },
    // A server outside closes idle connections when it likes (Node after 5 s); a sidecar keeps them.
    typedExtensionProtocolOptions: options(callee.external ? 4000 : 60_000, callee.protocol),
  };
}

/** From a sidecar to its own application. Node closes idle connections after 5 s; reusing one just then is a reset. */
export function appCluster(app: Address, protocol: Protocol | undefined): ClusterInit {
  return {
    name: INBOUND,
    clusterDiscoveryType: { case: 'type', value: Discovery.STATIC },
    loadAssignment: { clusterName: INBOUND, endpoints: [{ lbEndpoints: [lbEndpoint(app)] }] },
    connectTimeout: duration(CONNECT_TIMEOUT_MS),
    circuitBreakers: {
      thresholds: [{ maxConnections: WIDE_OPEN, maxPendingRequests: WIDE_OPEN, maxRequests: WIDE_OPEN }],
    },
    typedExtensionProtocolOptions: options(4000, protocol),
  };
}

/**
 * Of an answer of the shadow, bytes that are read at a time: other requests have their turn after each bite of an endless one.
 * Envoy's own limit is 1 MiB.
 */
const SHADOW_BITE = 16 * 1024;
/** What the kernel takes in of an answer that is not read yet; without a limit it grows to some MiB for each connection. */
const SHADOW_WAITING = 64 * 1024;
/** Linux's numbers (asm-generic/socket.h). */
const SOL_SOCKET = 1n;
const SO_RCVBUF = 8n;

/**
 * The shadow's entry as production's ingress sees it: it may fail and fill up without anybody noticing. Callouts have no caller
 * whose protocol could be kept: without one they are HTTP/1.1.
 * @param protocol the entry service's
 */
export function shadowCluster(entry: Address, protocol: Protocol = 'http'): ClusterInit {
  return {
    name: SHADOW_CLUSTER,
    clusterDiscoveryType: { case: 'type', value: Discovery.STATIC },
    loadAssignment: { clusterName: SHADOW_CLUSTER, endpoints: [{ lbEndpoints: [lbEndpoint(entry)] }] },
    connectTimeout: duration(250),
    perConnectionBufferLimitBytes: SHADOW_BITE,
    upstreamBindConfig: {
      socketOptions: [
        {
          description: 'what waits in the kernel',
          level: SOL_SOCKET,
          name: SO_RCVBUF,
          value: { case: 'intValue', value: BigInt(SHADOW_WAITING) },
          state: SocketOption_SocketState.STATE_PREBIND,
        },
      ],
    },
    circuitBreakers: {
      thresholds: [{ maxConnections: 64, maxPendingRequests: 32, maxRequests: 64, maxRetries: 0 }],
    },
    typedExtensionProtocolOptions: options(4000, protocol),
  };
}
