import { create, fromBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type Node, NodeSchema } from '../../envoy/protos/gen/envoy/config/core/v3/base_pb.js';
import type { ClientConfig } from '../../envoy/protos/gen/envoy/service/status/v3/csds_pb.js';
import {
  ClientConfig_GenericXdsConfigSchema,
  ClientConfigSchema,
  ConfigStatus,
} from '../../envoy/protos/gen/envoy/service/status/v3/csds_pb.js';
import type { NodeRecord } from '../node.ts';
import type { Resource } from '../resource.ts';
import { redact } from './redact.ts';
import type { Inspected, ResourceState, SyncState } from './state.ts';
import { resourceStates } from './state.ts';

export const configStatus: Readonly<Record<SyncState, ConfigStatus>> = {
  synced: ConfigStatus.SYNCED,
  'not-sent': ConfigStatus.NOT_SENT,
  stale: ConfigStatus.STALE,
  error: ConfigStatus.ERROR,
};

/** What a node last said of itself; only its id where it never connected, or said something unreadable. */
export function nodeMessage(record: NodeRecord): Node {
  if (record.identity) {
    try {
      return fromBinary(NodeSchema, record.identity);
    } catch {
      // Its streams work without it.
    }
  }
  return create(NodeSchema, { id: record.id });
}

/**
 * A node in the form of the client status discovery service (envoy.service.status.v3): every resource it should have, or asks
 * for, under `generic_xds_configs`. Of a refused resource it shows the refused version, as the service says, with the proxy's
 * words in `error_state`. Secrets are redacted.
 */
export function clientConfig(node: Inspected, contents: boolean): ClientConfig {
  return create(ClientConfigSchema, {
    node: nodeMessage(node.record),
    genericXdsConfigs: resourceStates(node).map((state) => genericConfig(state, contents, node.record)),
  });
}

function genericConfig(state: ResourceState, contents: boolean, record: NodeRecord) {
  const { typeUrl, name, resource, sentAt } = state;
  const nackAt = record.nacks.get(typeUrl)?.at;
  const xdsConfig = contents && resource ? visibleBody(resource) : undefined;
  return create(ClientConfig_GenericXdsConfigSchema, {
    typeUrl,
    name,
    configStatus: configStatus[state.state],
    ...(resource ? { versionInfo: resource.version } : {}),
    ...(xdsConfig ? { xdsConfig } : {}),
    ...(sentAt === undefined ? {} : { lastUpdated: timestampFromMs(sentAt) }),
    ...(state.detail === undefined
      ? {}
      : {
          errorState: {
            details: state.detail,
            ...(resource ? { versionInfo: resource.version } : {}),
            ...(nackAt === undefined ? {} : { lastUpdateAttempt: timestampFromMs(nackAt) }),
          },
        }),
  });
}

const bodies = new WeakMap<Resource, Any | null>();

/** The resource's body for people to read; made once for all nodes that share it. */
function visibleBody(resource: Resource): Any | undefined {
  let any = bodies.get(resource);
  if (any === undefined) {
    const value = redact(resource.typeUrl, resource.body);
    any = value ? create(AnySchema, { typeUrl: resource.typeUrl, value }) : null;
    bodies.set(resource, any);
  }
  return any ?? undefined;
}
