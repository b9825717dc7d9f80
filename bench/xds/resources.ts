import { createHash } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  type Cluster,
  Cluster_DiscoveryType,
  ClusterSchema,
} from '../../control-plane/envoy/protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../../control-plane/envoy/protos/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import type { Resource } from '../../control-plane/xds/resource.ts';
import { typeUrls } from '../../control-plane/xds/type-urls.ts';
import type { Layout } from './client/fleet.ts';

/** Endpoints of each cluster. */
const ENDPOINTS = 4;

export const clusterName = (index: number) => `outbound|8080||service-${index}.bench.svc.cluster.local`;

/**
 * A cluster with its endpoints, in their `revision`-th form: the first endpoint's port moves with it. The wildcard layout
 * has them inside the cluster, the named one in a load assignment of their own.
 */
function clusterWithEndpoints(index: number, revision: number, layout: Layout): Resource[] {
  const name = clusterName(index);
  const endpoints = Array.from({ length: ENDPOINTS }, (_, i) => ({
    hostIdentifier: {
      case: 'endpoint' as const,
      value: {
        address: {
          address: {
            case: 'socketAddress' as const,
            value: {
              address: `10.${index >> 8}.${index & 255}.${i + 1}`,
              portSpecifier: { case: 'portValue' as const, value: 8080 + (i === 0 ? revision % 50_000 : 0) },
            },
          },
        },
      },
    },
  }));
  const loadAssignment = create(ClusterLoadAssignmentSchema, {
    clusterName: name,
    endpoints: [{ locality: { region: 'eu', zone: 'eu-1a' }, lbEndpoints: endpoints }],
  });
  const common = {
    name,
    connectTimeout: { seconds: 5n },
    circuitBreakers: { thresholds: [{ maxConnections: 1024, maxPendingRequests: 1024, maxRequests: 1024 }] },
    outlierDetection: { consecutive5xx: 5, interval: { seconds: 10n } },
  };
  if (layout === 'wildcard') {
    const type = { case: 'type' as const, value: Cluster_DiscoveryType.STATIC };
    return [cluster(create(ClusterSchema, { ...common, clusterDiscoveryType: type, loadAssignment }))];
  }
  const type = { case: 'type' as const, value: Cluster_DiscoveryType.EDS };
  const edsClusterConfig = {
    edsConfig: { configSourceSpecifier: { case: 'ads' as const, value: {} }, resourceApiVersion: 2 },
  };
  return [
    cluster(create(ClusterSchema, { ...common, clusterDiscoveryType: type, edsClusterConfig })),
    named(typeUrls.EDS, name, toBinary(ClusterLoadAssignmentSchema, loadAssignment)),
  ];
}

function cluster(message: Cluster): Resource {
  return named(typeUrls.CDS, message.name, toBinary(ClusterSchema, message));
}

function named(typeUrl: string, name: string, body: Uint8Array): Resource {
  const version = createHash('sha256').update(body).digest('base64url').slice(0, 12);
  return { typeUrl, name, version, body, scope: 'any' };
}

/** The resources of a server, told to it step by step. */
export class ResourceBook {
  readonly layout: Layout;
  readonly #resources = new Map<string, Resource>();
  #clusters: number;
  #revision = 0;

  constructor(clusters: number, layout: Layout) {
    this.layout = layout;
    this.#clusters = clusters;
    for (let i = 0; i < clusters; i++) this.#write(clusterWithEndpoints(i, 0, layout));
  }

  get clusters(): number {
    return this.#clusters;
  }

  all(): Resource[] {
    return [...this.#resources.values()];
  }

  of(typeUrl: string): Resource[] {
    return this.all().filter((r) => r.typeUrl === typeUrl);
  }

  /** One endpoint of one cluster changes. */
  change(): Resource[] {
    this.#revision++;
    const index = (this.#revision * 7) % this.#clusters;
    const changed = clusterWithEndpoints(index, this.#revision, this.layout);
    return this.#write(this.layout === 'named' ? changed.filter((r) => r.typeUrl === typeUrls.EDS) : changed);
  }

  /** One cluster more. */
  add(): Resource[] {
    return this.#write(clusterWithEndpoints(this.#clusters++, 0, this.layout));
  }

  #write(resources: Resource[]): Resource[] {
    for (const r of resources) this.#resources.set(`${r.typeUrl} ${r.name}`, r);
    return resources;
  }
}
