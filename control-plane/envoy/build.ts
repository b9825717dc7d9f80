import { create, type DescMessage, type JsonObject, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { baselineSettings } from '../mesh/compose.ts';
import { UmbraError } from '../mesh/errors.ts';
import type { EdgeSettings } from '../mesh/settings.ts';
import { type Edge, edgeId, INGRESS, type Service, type ServiceId, type Topology } from '../mesh/topology.ts';
import { contentVersion, type Resource } from '../xds/resource.ts';
import { bandwidthFault, chaosConfig } from './chaos.ts';
import { appCluster, assignment, edgeCluster, needsDns, shadowCluster } from './clusters.ts';
import { withFloors } from './floors.ts';
import { noOp } from './http-filters.ts';
import { inboundListener, ingressListener, outboundListener } from './listeners.ts';
import { typeUrl } from './messages.ts';
import {
  CHAOS_FILTER,
  FAULT_LAYER,
  INBOUND,
  INGRESS_ROUTES,
  keys,
  MIRROR_FILTER,
  outbound,
  TUNING_LAYER,
} from './names.ts';
import type { BuildInput, ProxyNode } from './node.ts';
import { ClusterSchema } from './protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { TypedExtensionConfigSchema } from './protos/gen/envoy/config/core/v3/extension_pb.js';
import { ClusterLoadAssignmentSchema } from './protos/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from './protos/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from './protos/gen/envoy/config/route/v3/route_pb.js';
import { RuntimeSchema } from './protos/gen/envoy/service/runtime/v3/rtds_pb.js';
import { edgeRoutes, inboundRoutes } from './routes.ts';
import { tuningLayer } from './runtime.ts';
import { mirrorFilter } from './sampled-filter.ts';
import { wasmFilter } from './wasm-filter.ts';

type Scope = Resource['scope'];

/** How long what a fault switched on outlives the control plane. */
const FAULT_LAYER_TTL_MS = 3000;

function resource<S extends DescMessage>(
  schema: S,
  name: string,
  init: MessageInitShape<S>,
  scope: Scope = 'any',
  ttlMs?: number,
): Resource {
  const body = toBinary(schema, create(schema, init));
  const ttl = ttlMs === undefined ? {} : { ttlMs };
  return { typeUrl: typeUrl(schema), name, version: contentVersion(body), body, scope, ...ttl };
}

const extension = (name: string, typedConfig: Any, scope: Scope) =>
  resource(TypedExtensionConfigSchema, name, { name, typedConfig }, scope);

const runtime = (name: string, layer: JsonObject, scope: Scope, ttlMs?: number) =>
  resource(RuntimeSchema, name, { name, layer: layer }, scope, ttlMs);

/** An edge of this proxy: its own declared one. */
interface OwnEdge {
  readonly edge: Edge;
  readonly prefix: string;
  readonly settings: EdgeSettings;
}

function ownEdges(input: BuildInput): OwnEdge[] {
  const { node, topology, settings } = input;
  const rest = baselineSettings(topology).edges;
  const callees = node.ingress ? [topology.edges[topology.entry]?.callee ?? ''] : node.outbound.map((o) => o.callee);
  return callees.map((callee) => {
    const id = edgeId(node.ingress ? INGRESS : node.service, callee);
    const edge = topology.edges[id];
    if (!edge) throw new UmbraError('UMB0301', `${node.id}: ${id} is not an edge of ${topology.application}`);
    const asked = settings.edges[id] ?? rest[id]!;
    const own = node.world === 'production' ? withFloors(asked, input.healthy?.edges[id]) : asked;
    return { edge, prefix: node.ingress ? INGRESS_ROUTES : outbound(callee), settings: own };
  });
}

function serviceOf(id: ServiceId, topology: Topology): Service {
  const service = topology.services[id];
  if (!service) throw new UmbraError('UMB0301', `no service ${id} in ${topology.application}`);
  return service;
}

/** Clusters, endpoints and routes of the edges that leave this proxy. */
function edgeResources(input: BuildInput, edges: readonly OwnEdge[]): Resource[] {
  const { node, topology, endpoints, callerReplicas } = input;
  // A standby's cluster is there from the start, so that failover changes routes only.
  const callees = new Set<ServiceId>();
  for (const { edge } of edges) {
    callees.add(edge.callee);
    const standby = serviceOf(edge.callee, topology).failover;
    if (standby !== undefined) callees.add(standby);
  }
  const out: Resource[] = [];
  for (const callee of callees) {
    const known = endpoints[callee] ?? [];
    out.push(resource(ClusterSchema, outbound(callee), edgeCluster(serviceOf(callee, topology), known)));
    if (!needsDns(known)) out.push(resource(ClusterLoadAssignmentSchema, callee, assignment(callee, known)));
  }
  const protectedPrefixes = node.ingress ? input.protectedPrefixes : [];
  for (const { edge, prefix: name, settings } of edges) {
    const callee = serviceOf(edge.callee, topology);
    const routes = edgeRoutes({ name, edge, callee, settings, callerReplicas, protectedPrefixes });
    out.push(resource(RouteConfigurationSchema, name, routes));
  }
  return out;
}

/** A listener per callee for the application beside this proxy. */
function outboundResources({ node, topology, samples }: BuildInput): Resource[] {
  return node.outbound.map(({ callee, listen }) => {
    const { sloLatencyMs: sloMs } = topology.edges[edgeId(node.service, callee)]!;
    const kept = node.world === 'production' && samples?.externals.has(callee) ? samples : undefined;
    const sampling = kept ? { samples: { pathPrefix: `${kept.directory}/${callee}`, percent: kept.percent } } : {};
    const listener = outboundListener({ callee, listen, sloMs, ...sampling });
    return resource(ListenerSchema, listener.name, listener);
  });
}

/** Where users enter, and in production what is copied to the shadow. */
function ingressResources(input: BuildInput): Resource[] {
  const { node, topology, mirror, shadowIngress, filters } = input;
  if (!node.ingress) return [];
  const shadow = node.world === 'shadow';
  const { sloLatencyMs, callee } = topology.edges[topology.entry]!;
  const listener = ingressListener(node.ingress.listen, shadow, sloLatencyMs, input.protectedPrefixes);
  const out = [resource(ListenerSchema, listener.name, listener)];
  if (shadow) return out;
  if (shadowIngress) {
    const cluster = shadowCluster(shadowIngress, serviceOf(callee, topology).protocol);
    out.push(resource(ClusterSchema, cluster.name, cluster));
  }
  const config = mirror && shadowIngress ? mirrorFilter(filters.mirror, mirror) : noOp();
  return [...out, extension(MIRROR_FILTER, config, 'any')];
}

/** Where callers arrive; in the shadow, what breaks it. */
function inboundResources(input: BuildInput, kib: number | undefined): Resource[] {
  const { node, topology, faults, filters } = input;
  if (!node.inbound) return [];
  const { protocol } = serviceOf(node.service, topology);
  const shadow = node.world === 'shadow';
  const out = [
    resource(ClusterSchema, INBOUND, appCluster(node.inbound.app, protocol)),
    resource(RouteConfigurationSchema, INBOUND, inboundRoutes(kib), kib === undefined ? 'any' : 'shadow'),
    resource(ListenerSchema, INBOUND, inboundListener(node.inbound.listen, shadow), shadow ? 'shadow' : 'any'),
  ];
  if (shadow) {
    const config = chaosConfig(node, faults, protocol === 'grpc');
    out.push(extension(CHAOS_FILTER, wasmFilter('chaos', filters.chaos, config), 'shadow'));
  }
  return out;
}

/** The runtime layers: what is tuned, and in the shadow what a fault switched on. */
function runtimeResources(node: ProxyNode, edges: readonly OwnEdge[], kib: number | undefined): Resource[] {
  const tuned = edges.map(({ edge, prefix, settings }) => ({ prefix, callee: edge.callee, settings }));
  const out = [runtime(TUNING_LAYER, tuningLayer(tuned), 'any')];
  if (node.world === 'production') return out;
  if (kib === undefined) return [...out, runtime(FAULT_LAYER, {}, 'shadow')];
  // Kept alive by the management server's heartbeats: it ends soon after the control plane does, whatever the lease says.
  return [...out, runtime(FAULT_LAYER, { [keys.bandwidth]: true }, 'shadow', FAULT_LAYER_TTL_MS)];
}

/**
 * Every resource of one proxy. Pure: equal input gives equal bytes and versions.
 * @throws UmbraError UMB0302 when a fault is aimed at production, UMB0301 for an edge the topology lacks or a filter
 * configuration that the module would refuse
 */
export function buildResources(input: BuildInput): Resource[] {
  const { node, faults } = input;
  if (node.world === 'production' && faults.length > 0)
    throw new UmbraError('UMB0302', `${faults.length} fault(s) for ${node.id}, which is in production`);
  const edges = ownEdges(input);
  const kib = bandwidthFault(node, faults);
  return [
    ...edgeResources(input, edges),
    ...outboundResources(input),
    ...ingressResources(input),
    ...inboundResources(input, kib),
    ...runtimeResources(node, edges, kib),
  ];
}
