import { create, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema, anyPack, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { DiscoveryResponseSchema } from '../../envoy/protos/gen/envoy/service/discovery/v3/discovery_pb.js';
import { ClientConfigSchema } from '../../envoy/protos/gen/envoy/service/status/v3/csds_pb.js';
import { clientConfig, configStatus, nodeMessage } from './client-config.ts';
import { configDump } from './config-dump.ts';
import type { Inspected } from './state.ts';
import { typeStates } from './state.ts';

const DEBUG = 'istio.io/debug';

/** Whether a type URL is one of those by which istioctl asks a control plane about itself rather than for resources. */
export function isDebugType(typeUrl: string): boolean {
  return typeUrl === DEBUG || typeUrl.startsWith(`${DEBUG}/`);
}

/** What a control plane says of itself. */
export interface ControlPlane {
  readonly identifier: string;
  readonly version: string;
}

/**
 * Answers what `istioctl proxy-status` and `x internal-debug` ask an xDS address (pilot/pkg/xds/debuggen.go of Istio says what istiod answers):
 * `istio.io/debug/syncz`, one ClientConfig for each proxy with the state of each type; `istio.io/debug/config_dump` with the
 * name of a proxy, the sections of its configuration dump; `istio.io/debug` with a name, JSON. The answer is an encoded
 * DiscoveryResponse whose control plane is named in the JSON form that istioctl reads.
 */
export function debugAnswer(
  request: { readonly typeUrl: string; readonly names: readonly string[] },
  nodes: Iterable<Inspected>,
  controlPlane: ControlPlane,
  nonce: string,
): Uint8Array {
  return toBinary(
    DiscoveryResponseSchema,
    create(DiscoveryResponseSchema, {
      typeUrl: request.typeUrl,
      versionInfo: nonce,
      nonce,
      resources: resourcesFor(request, [...nodes]),
      controlPlane: {
        identifier: JSON.stringify({
          Component: 'umbra',
          ID: controlPlane.identifier,
          Info: { version: controlPlane.version },
        }),
      },
    }),
  );
}

function resourcesFor({ typeUrl, names }: { typeUrl: string; names: readonly string[] }, nodes: Inspected[]): Any[] {
  switch (typeUrl) {
    case `${DEBUG}/syncz`:
      return nodes.filter((n) => n.streams.length > 0).map(syncz);
    case `${DEBUG}/config_dump`:
      return dumpOf(names[0], nodes);
    default:
      return [text(JSON.stringify(overview(names[0] ?? 'list', nodes)))];
  }
}

function syncz(node: Inspected): Any {
  const said = nodeMessage(node.record);
  const config = create(ClientConfigSchema, {
    node: { id: istioName(said.id), metadata: istioMetadata(said.id, said.cluster, said.metadata ?? {}) },
    genericXdsConfigs: typeStates(node).map(({ typeUrl, state, sentAt }) => ({
      typeUrl,
      configStatus: configStatus[state],
      ...(sentAt === undefined ? {} : { lastUpdated: timestampFromMs(sentAt) }),
    })),
  });
  return anyPack(ClientConfigSchema, config);
}

/** A proxy is called `pod.namespace` in istioctl; Istio's own node ids have that as their third part, others stay as they are. */
function istioName(id: string): string {
  const parts = id.split('~');
  return parts.length === 4 ? parts[2]! : id;
}

/** The metadata istioctl prints columns from; all other entries may have types it does not expect, and stay away. */
function istioMetadata(id: string, cluster: string, metadata: JsonObject): JsonObject {
  const text = (key: string, otherwise: string) => (typeof metadata[key] === 'string' ? metadata[key] : otherwise);
  const name = istioName(id);
  const namespace = id.includes('~') && name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : '';
  return {
    CLUSTER_ID: text('CLUSTER_ID', cluster),
    NAMESPACE: text('NAMESPACE', namespace),
    ISTIO_VERSION: text('ISTIO_VERSION', ''),
  };
}

/** `proxy-status NAME` asks for `NAME.NAMESPACE`, whatever the proxy's id looks like. */
function dumpOf(asked: string | undefined, nodes: readonly Inspected[]): Any[] {
  const named = (name: string) => nodes.find((n) => n.record.id === name || istioName(n.record.id) === name);
  const node = asked === undefined ? undefined : (named(asked) ?? named(asked.replace(/\.[^.]*$/, '')));
  // The words by which istioctl knows that another control plane may have it.
  if (!node) return [text('Proxy not connected to this Pilot instance. It may be connected to another instance.')];
  return configDump(clientConfig(node, true));
}

function overview(name: string, nodes: readonly Inspected[]): unknown {
  switch (name.split('?', 1)[0]) {
    case 'syncz':
      return nodes.map((n) => ({
        proxy: n.record.id,
        connected: n.streams.length > 0,
        types: Object.fromEntries(typeStates(n).map((t) => [t.typeUrl, t.state])),
      }));
    case 'connections':
      return nodes.filter((n) => n.streams.length > 0).map((n) => n.record.id);
    default:
      return { debug: ['connections', 'list', 'syncz'] };
  }
}

function text(value: string): Any {
  return create(AnySchema, { typeUrl: DEBUG, value: new TextEncoder().encode(value) });
}
