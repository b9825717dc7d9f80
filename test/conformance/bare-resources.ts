import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ClusterSchema } from '../../control-plane/envoy/protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../../control-plane/envoy/protos/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../../control-plane/envoy/protos/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../../control-plane/envoy/protos/gen/envoy/config/route/v3/route_pb.js';
import { typeUrls } from '../../control-plane/xds/index.ts';
import { contentVersion, type Resource } from '../../control-plane/xds/resource.ts';

interface Kind {
  nameOf(bytes: Uint8Array): string;
  /** A resource with nothing in it but its name and a trace of its edition. */
  make(name: string, edition: number): Uint8Array;
}

const kinds = new Map<string, Kind>([
  [
    typeUrls.CDS,
    {
      nameOf: (bytes) => fromBinary(ClusterSchema, bytes).name,
      make: (name, edition) =>
        toBinary(ClusterSchema, create(ClusterSchema, { name, altStatName: `${name}-${edition}` })),
    },
  ],
  [
    typeUrls.LDS,
    {
      nameOf: (bytes) => fromBinary(ListenerSchema, bytes).name,
      make: (name, edition) =>
        toBinary(ListenerSchema, create(ListenerSchema, { name, statPrefix: `${name}-${edition}` })),
    },
  ],
  [
    typeUrls.RDS,
    {
      nameOf: (bytes) => fromBinary(RouteConfigurationSchema, bytes).name,
      make: (name, edition) =>
        toBinary(
          RouteConfigurationSchema,
          create(RouteConfigurationSchema, { name, internalOnlyHeaders: [`x-edition-${edition}`] }),
        ),
    },
  ],
  [
    typeUrls.EDS,
    {
      nameOf: (bytes) => fromBinary(ClusterLoadAssignmentSchema, bytes).clusterName,
      make: (name, edition) =>
        toBinary(
          ClusterLoadAssignmentSchema,
          create(ClusterLoadAssignmentSchema, {
            clusterName: name,
            policy: { overprovisioningFactor: 140 + edition },
          }),
        ),
    },
  ],
]);

/** Type URLs the harness knows. */
export const bareTypes: readonly string[] = [...kinds.keys()];

/** The name in an encoded message, undefined for a type the harness does not know. Throws on malformed bytes. */
export function bareName(typeUrl: string, bytes: Uint8Array): string | undefined {
  return kinds.get(typeUrl)?.nameOf(bytes);
}

/** A resource that is its name; another edition is another content. `typeUrl` is one of {@link bareTypes}. */
export function bareResource(typeUrl: string, name: string, edition: number): Resource {
  const body = kinds.get(typeUrl)!.make(name, edition);
  return { typeUrl, name, version: contentVersion(body), body, scope: 'any' };
}
