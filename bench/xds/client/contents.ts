import { createHash } from 'node:crypto';
import { type DescMessage, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { ClusterSchema } from '../../../control-plane/envoy/protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../../../control-plane/envoy/protos/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
} from '../../../control-plane/envoy/protos/gen/envoy/service/discovery/v3/discovery_pb.js';
import { isFullState, typeUrls } from '../../../control-plane/xds/type-urls.ts';
import type { Protocol } from './requests.ts';

/** What a proxy that decodes everything has of each type: shows that a server delivered what it was told to. */
export class Contents {
  readonly #protocol: Protocol;
  readonly #types = new Map<string, Map<string, { body: Uint8Array; version: string }>>();
  #pieces: Uint8Array[] = [];

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  /** A piece of a gRPC message; it is copied. */
  take(bytes: Uint8Array): void {
    this.#pieces.push(Uint8Array.from(bytes));
  }

  /** The pieces hold one more whole message, and perhaps the beginning of the next. */
  apply(): void {
    const all = Buffer.concat(this.#pieces);
    const end = 5 + all.readUInt32BE(1);
    const message = all.subarray(5, end);
    this.#pieces = end < all.length ? [all.subarray(end)] : [];
    if (this.#protocol === 'sotw') {
      const { typeUrl, resources } = fromBinary(DiscoveryResponseSchema, message);
      if (isFullState(typeUrl)) this.#of(typeUrl).clear();
      for (const any of resources) this.#of(typeUrl).set(firstString(any.value), { body: any.value, version: '' });
      return;
    }
    const { typeUrl, resources, removedResources } = fromBinary(DeltaDiscoveryResponseSchema, message);
    for (const r of resources)
      this.#of(typeUrl).set(r.name, { body: r.resource?.value ?? new Uint8Array(), version: r.version });
    for (const name of removedResources) this.#of(typeUrl).delete(name);
  }

  /** A digest of all names and bodies of a type. */
  digest(typeUrl: string): string {
    return digest(
      typeUrl,
      [...this.#of(typeUrl)].map(([name, { body }]) => ({ name, body })),
    );
  }

  /** Names and versions of a type, as a proxy that comes back tells them. */
  versions(typeUrl: string): Record<string, string> {
    return Object.fromEntries([...this.#of(typeUrl)].map(([name, { version }]) => [name, version]));
  }

  #of(typeUrl: string) {
    let map = this.#types.get(typeUrl);
    if (!map) {
      map = new Map();
      this.#types.set(typeUrl, map);
    }
    return map;
  }
}

/** The same for servers that encode anew what they were given: fields may be in another order. */
export function digest(typeUrl: string, resources: readonly { name: string; body: Uint8Array }[]): string {
  const schema: DescMessage = typeUrl === typeUrls.CDS ? ClusterSchema : ClusterLoadAssignmentSchema;
  const hash = createHash('sha256');
  for (const { name, body } of [...resources].sort((a, b) => (a.name < b.name ? -1 : 1)))
    hash.update(name).update(toBinary(schema, fromBinary(schema, body)));
  return hash.digest('base64url');
}

/** Clusters and load assignments have their name in their first field. */
function firstString(message: Uint8Array): string {
  const reader = new BinaryReader(message);
  const [field] = reader.tag();
  if (field !== 1) throw new Error('a resource without a name');
  return reader.string();
}
