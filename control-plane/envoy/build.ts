import { createHash } from 'node:crypto';
import {
  create,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { type FilterRole, validateChaos, validateMirror, wasmFilterConfig } from '../../filters/config.ts';
import { baselineSettings } from '../mesh/compose.ts';
import { UmbraError } from '../mesh/errors.ts';
import type { EdgeSettings } from '../mesh/settings.ts';
import { type Edge, edgeId, INGRESS, type ServiceId } from '../mesh/topology.ts';
import type { Resource } from '../xds/resource.ts';
import { bandwidthFault, chaosConfig } from './chaos.ts';
import { appCluster, assignment, edgeCluster, needsDns, shadowCluster } from './clusters.ts';
import { withFloors } from './floors.ts';
import { noOp } from './http-filters.ts';
import { inboundListener, ingressListener, outboundListener } from './listeners.ts';
import { pack, typeUrl } from './messages.ts';
import { CHAOS_FILTER, FAULT_LAYER, INGRESS_ROUTES, keys, MIRROR_FILTER, outbound, TUNING_LAYER } from './names.ts';
import type { BuildInput } from './node.ts';
import { ClusterSchema } from './protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { TypedExtensionConfigSchema } from './protos/gen/envoy/config/core/v3/extension_pb.js';
import { ClusterLoadAssignmentSchema } from './protos/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from './protos/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from './protos/gen/envoy/config/route/v3/route_pb.js';
import { WasmSchema } from './protos/gen/envoy/extensions/filters/http/wasm/v3/wasm_pb.js';
import { RuntimeSchema } from './protos/gen/envoy/service/runtime/v3/rtds_pb.js';
import { registry } from './registry.ts';
import { edgeRoutes, inboundRoutes } from './routes.ts';
import { tuningLayer } from './runtime.ts';

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
  const version = createHash('sha256').update(body).digest('hex').slice(0, 16);
  return { typeUrl: typeUrl(schema), name, version, body, scope, ...(ttlMs === undefined ? {} : { ttlMs }) };
}

const extension = (name: string, typedConfig: Any, scope: Scope) =>
  resource(TypedExtensionConfigSchema, name, { name, typedConfig }, scope);

const runtime = (name: string, layer: JsonObject, scope: Scope, ttlMs?: number) =>
  resource(RuntimeSchema, name, { name, layer: layer }, scope, ttlMs);

function wasm(role: FilterRole, path: string, config: object): Any {
  const problems = role === 'chaos' ? validateChaos(config) : validateMirror(config);
  if (problems.length > 0) throw new UmbraError('UMB0301', `configuration of ${role}: ${problems.join('; ')}`);
  const { '@type': _, ...fields } = wasmFilterConfig(role, path, JSON.stringify(config));
  return pack(WasmSchema, fromJson(WasmSchema, fields as JsonValue, { registry }));
}

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

/**
 * Every resource of one proxy. Pure: equal input gives equal bytes and versions.
 * @throws UmbraError UMB0302 when a fault is aimed at production, UMB0301 for an edge the topology lacks or a filter
 * configuration that the module would refuse
 */
export function buildResources(input: BuildInput): Resource[] {
  const { node, topology, endpoints } = input;
  const shadow = node.world === 'shadow';
  if (!shadow && input.faults.length > 0)
    throw new UmbraError('UMB0302', `${input.faults.length} fault(s) for ${node.id}, which is in production`);
  const edges = ownEdges(input);
  const out: Resource[] = [];

  // A standby's cluster is there from the start, so that failover changes routes only.
  const callees = new Set<ServiceId>();
  for (const { edge } of edges) {
    callees.add(edge.callee);
    const standby = topology.services[edge.callee]?.failover;
    if (standby !== undefined) callees.add(standby);
  }
  for (const callee of callees) {
    const known = endpoints[callee] ?? [];
    out.push(
      resource(
        ClusterSchema,
        outbound(callee),
        edgeCluster(callee, topology.services[callee]?.external ?? false, known),
      ),
    );
    if (!needsDns(known)) out.push(resource(ClusterLoadAssignmentSchema, callee, assignment(callee, known)));
  }
  for (const { edge, prefix, settings } of edges) {
    const callee = topology.services[edge.callee];
    if (!callee) throw new UmbraError('UMB0301', `${edge.id}: no service ${edge.callee}`);
    const protectedPrefixes = node.ingress ? input.protectedPrefixes : [];
    out.push(
      resource(
        RouteConfigurationSchema,
        prefix,
        edgeRoutes({ name: prefix, edge, callee, settings, callerReplicas: input.callerReplicas, protectedPrefixes }),
      ),
    );
  }
  for (const { callee, listen } of node.outbound) {
    const edge = topology.edges[edgeId(node.service, callee)]!;
    const sampled = input.samples && !shadow && topology.services[callee]?.external ? input.samples : undefined;
    const samples = sampled && { pathPrefix: `${sampled.directory}/${callee}`, percent: sampled.percent };
    const listener = outboundListener({ callee, listen, sloMs: edge.sloLatencyMs, ...(samples ? { samples } : {}) });
    out.push(resource(ListenerSchema, listener.name, listener));
  }
  if (node.ingress) {
    const entry = topology.edges[topology.entry]!;
    const listener = ingressListener(node.ingress.listen, shadow, entry.sloLatencyMs, input.protectedPrefixes);
    out.push(resource(ListenerSchema, listener.name, listener));
    if (!shadow) {
      if (input.shadowIngress) out.push(clusterOf(shadowCluster(input.shadowIngress)));
      const mirror = input.mirror && input.shadowIngress ? wasm('mirror', input.filters.mirror, input.mirror) : noOp();
      out.push(extension(MIRROR_FILTER, mirror, 'any'));
    }
  }
  const limit = shadow ? bandwidthFault(node, input.faults) : undefined;
  if (node.inbound) {
    const scope = shadow ? 'shadow' : 'any';
    const listener = inboundListener(node.inbound.listen, shadow);
    out.push(clusterOf(appCluster(node.inbound.app)));
    out.push(resource(RouteConfigurationSchema, 'in', inboundRoutes(limit), limit !== undefined ? 'shadow' : 'any'));
    out.push(resource(ListenerSchema, listener.name, listener, scope));
    if (shadow) {
      const chaos = wasm('chaos', input.filters.chaos, chaosConfig(node, input.faults));
      out.push(extension(CHAOS_FILTER, chaos, 'shadow'));
    }
  }
  const tuned = edges.map(({ edge, prefix, settings }) => ({ prefix, callee: edge.callee, settings }));
  out.push(runtime(TUNING_LAYER, tuningLayer(tuned), 'any'));
  if (shadow) {
    const layer: JsonObject = limit !== undefined ? { [keys.bandwidth]: true } : {};
    // Kept alive by the management server's heartbeats: it ends soon after the control plane does, whatever the lease says.
    const ttl = limit === undefined ? undefined : FAULT_LAYER_TTL_MS;
    out.push(runtime(FAULT_LAYER, layer, 'shadow', ttl));
  }
  return out;
}

const clusterOf = (cluster: ReturnType<typeof appCluster>) => resource(ClusterSchema, cluster.name, cluster);
