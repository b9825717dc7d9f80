import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import {
  BootstrapConfigDumpSchema,
  SecretsConfigDumpSchema,
} from '../../envoy/protos/gen/envoy/admin/v3/config_dump_pb.js';
import {
  ClustersConfigDumpSchema,
  EcdsConfigDumpSchema,
  EndpointsConfigDumpSchema,
  ListenersConfigDumpSchema,
  RoutesConfigDumpSchema,
  ScopedRoutesConfigDumpSchema,
} from '../../envoy/protos/gen/envoy/admin/v3/config_dump_shared_pb.js';
import type {
  ClientConfig,
  ClientConfig_GenericXdsConfig,
} from '../../envoy/protos/gen/envoy/service/status/v3/csds_pb.js';
import { typeUrls } from '../type-urls.ts';

/** One resource with its body. */
type Entry = ClientConfig_GenericXdsConfig & { xdsConfig: Any };

/**
 * What a node should have, in the form of Envoy's own /config_dump (envoy.admin.v3.ConfigDump: its sections, in Envoy's order), so
 * that the tools which read that can read this. Of the bootstrap it has what the node said of itself. Resources without a body,
 * and types that Envoy does not dump, are left out.
 */
export function configDump({ node, genericXdsConfigs }: ClientConfig): Any[] {
  const of = (typeUrl: string) =>
    genericXdsConfigs.filter((c): c is Entry => c.typeUrl === typeUrl && c.xdsConfig !== undefined);
  const common = (c: Entry) => ({
    versionInfo: c.versionInfo,
    ...(c.lastUpdated ? { lastUpdated: c.lastUpdated } : {}),
    ...(c.errorState ? { errorState: c.errorState } : {}),
  });
  // Envoy names no version of a whole section but that of its last answer; there is none here.
  return [
    section(BootstrapConfigDumpSchema, { bootstrap: node ? { node } : {} }),
    section(ClustersConfigDumpSchema, {
      dynamicActiveClusters: of(typeUrls.CDS).map((c) => ({ ...common(c), cluster: c.xdsConfig })),
    }),
    section(EcdsConfigDumpSchema, {
      ecdsFilters: of(typeUrls.ECDS).map((c) => ({ ...common(c), ecdsFilter: c.xdsConfig })),
    }),
    section(EndpointsConfigDumpSchema, {
      dynamicEndpointConfigs: of(typeUrls.EDS).map((c) => ({ ...common(c), endpointConfig: c.xdsConfig })),
    }),
    section(ListenersConfigDumpSchema, {
      dynamicListeners: of(typeUrls.LDS).map((c) => {
        const { errorState, ...state } = common(c);
        return {
          name: c.name,
          activeState: { ...state, listener: c.xdsConfig },
          ...(errorState ? { errorState } : {}),
        };
      }),
    }),
    section(ScopedRoutesConfigDumpSchema, {
      dynamicScopedRouteConfigs: of(typeUrls.SRDS).map((c) => ({
        ...common(c),
        name: c.name,
        scopedRouteConfigs: [c.xdsConfig],
      })),
    }),
    section(RoutesConfigDumpSchema, {
      dynamicRouteConfigs: of(typeUrls.RDS).map((c) => ({ ...common(c), routeConfig: c.xdsConfig })),
    }),
    section(SecretsConfigDumpSchema, {
      dynamicActiveSecrets: of(typeUrls.SDS).map((c) => ({ ...common(c), name: c.name, secret: c.xdsConfig })),
    }),
  ];
}

function section<S extends DescMessage>(schema: S, init: MessageInitShape<S>): Any {
  return anyPack(schema, create(schema, init));
}
