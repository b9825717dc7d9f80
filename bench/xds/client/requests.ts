import { create, toBinary } from '@bufbuild/protobuf';
import {
  DeltaDiscoveryRequestSchema,
  DiscoveryRequestSchema,
} from '../../../control-plane/envoy/protos/gen/envoy/service/discovery/v3/discovery_pb.js';
import { dataFrames } from './frames.ts';
import type { Answer } from './message.ts';

export type Protocol = 'sotw' | 'delta';

const aggregated = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
export const methods: Readonly<Record<Protocol, string>> = {
  sotw: `${aggregated}/StreamAggregatedResources`,
  delta: `${aggregated}/DeltaAggregatedResources`,
};

/** A stream's first request, with the node; Envoy too is told to name itself once (`set_node_on_first_message_only`). */
export function firstRequest(
  protocol: Protocol,
  nodeId: string,
  typeUrl: string,
  known: Readonly<Record<string, string>> = {},
): Buffer {
  const node = { id: nodeId, cluster: 'bench', userAgentName: 'envoy' };
  return dataFrames(
    protocol === 'sotw'
      ? toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, { node, typeUrl }))
      : toBinary(
          DeltaDiscoveryRequestSchema,
          create(DeltaDiscoveryRequestSchema, { node, typeUrl, initialResourceVersions: known }),
        ),
  );
}

/** Frames of requests that many proxies send alike, so that making them costs nothing beside sending them. */
export class Requests {
  readonly #protocol: Protocol;
  readonly #made = new Map<string, Buffer>();

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  /** Asks for names of a type; state of the world: all names, delta: those to add. */
  subscribe(typeUrl: string, names: readonly string[], last?: Answer): Buffer {
    return this.#remember(`subscribe ${typeUrl} ${names.length} ${names.at(-1)} ${last?.nonce} ${last?.version}`, () =>
      this.#protocol === 'sotw'
        ? this.#sotw(typeUrl, names, last)
        : toBinary(
            DeltaDiscoveryRequestSchema,
            create(DeltaDiscoveryRequestSchema, { typeUrl, resourceNamesSubscribe: [...names] }),
          ),
    );
  }

  /** Accepts an answer; state of the world repeats the names. */
  ack(answer: Answer, names: readonly string[]): Buffer {
    return this.#remember(`ack ${answer.typeUrl} ${names.length} ${answer.nonce} ${answer.version}`, () =>
      this.#protocol === 'sotw'
        ? this.#sotw(answer.typeUrl, names, answer)
        : toBinary(
            DeltaDiscoveryRequestSchema,
            create(DeltaDiscoveryRequestSchema, { typeUrl: answer.typeUrl, responseNonce: answer.nonce }),
          ),
    );
  }

  #sotw(typeUrl: string, names: readonly string[], last: Answer | undefined): Uint8Array {
    return toBinary(
      DiscoveryRequestSchema,
      create(DiscoveryRequestSchema, {
        typeUrl,
        resourceNames: [...names],
        versionInfo: last?.version ?? '',
        responseNonce: last?.nonce ?? '',
      }),
    );
  }

  #remember(key: string, make: () => Uint8Array): Buffer {
    let frames = this.#made.get(key);
    if (!frames) {
      if (this.#made.size >= 256) this.#made.clear();
      frames = dataFrames(make());
      this.#made.set(key, frames);
    }
    return frames;
  }
}
