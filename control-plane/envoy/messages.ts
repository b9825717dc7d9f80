/** Small constructors for the message shapes that resources repeat. */
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema, type Duration, DurationSchema } from '@bufbuild/protobuf/wkt';
import type { Address } from './node.ts';
import type { AddressSchema } from './protos/gen/envoy/config/core/v3/address_pb.js';
import { ApiVersion, type ConfigSourceSchema } from './protos/gen/envoy/config/core/v3/config_source_pb.js';

export const typeUrl = (schema: DescMessage): string => `type.googleapis.com/${schema.typeName}`;

/** Packs a message, given by its fields, into an Any. */
export function pack<S extends DescMessage>(schema: S, init: MessageInitShape<S>): Any {
  return create(AnySchema, { typeUrl: typeUrl(schema), value: toBinary(schema, create(schema, init)) });
}

const NANOS = 1_000_000_000n;

/** A duration from milliseconds; fractions of a millisecond are kept. */
export function duration(ms: number): Duration {
  // Rounded before it is split: what is left of a second may round up to a whole one.
  const nanos = BigInt(Math.round(ms * 1e6));
  return create(DurationSchema, { seconds: nanos / NANOS, nanos: Number(nanos % NANOS) });
}

/** Where something listens or is reached, as Envoy's address. */
export function address(a: Address): MessageInitShape<typeof AddressSchema> {
  return 'pipe' in a
    ? { address: { case: 'pipe', value: { path: a.pipe } } }
    : {
        address: {
          case: 'socketAddress',
          value: { address: a.host, portSpecifier: { case: 'portValue', value: a.port } },
        },
      };
}

/** "From the ADS stream." */
export const fromAds: MessageInitShape<typeof ConfigSourceSchema> = {
  configSourceSpecifier: { case: 'ads', value: {} },
  resourceApiVersion: ApiVersion.V3,
};
