import { create, type MessageShape, toBinary } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import {
  type ClientConfig,
  ClientConfigSchema,
  ClientStatusDiscoveryService,
  type ClientStatusRequest,
  ClientStatusResponseSchema,
} from '../../envoy/protos/gen/envoy/service/status/v3/csds_pb.js';
import { grpcService } from '../../envoy/protos/grpc.ts';
import type { ExtraService } from '../extra-service.ts';
import type { Peer } from '../peer.ts';
import { clientConfig, nodeMessage } from './client-config.ts';
import { matches, UnsupportedMatcher } from './node-matcher.ts';
import type { Inspected } from './state.ts';

type Response = MessageShape<typeof ClientStatusResponseSchema>;

/** Largest answer, bytes. Everything of a large mesh does not fit into one message that a client would take. */
const MOST_BYTES = 64 * 1024 * 1024;

/** An answer that would be too large; its message says what to ask instead. */
class TooLarge extends Error {}

/**
 * The client status discovery service (envoy.service.status.v3, CSDS), as management servers offer it: what each node should
 * have, and how far it got. `nodes` gives those that this address may show.
 */
export function csdsService(
  nodes: () => Iterable<Inspected>,
  authorise: (peer: Peer) => string | undefined,
): ExtraService {
  const implementation: grpc.UntypedServiceImplementation = {
    fetchClientStatus(
      call: grpc.ServerUnaryCall<ClientStatusRequest, Response>,
      callback: grpc.sendUnaryData<Response>,
    ) {
      try {
        callback(null, answer(call.request, nodes()));
      } catch (error) {
        callback(refusal(error));
      }
    },
    streamClientStatus(call: grpc.ServerDuplexStream<ClientStatusRequest, Response>) {
      call.on('data', (request: ClientStatusRequest) => {
        try {
          // Whoever asks without reading the answers has to wait with asking.
          if (call.write(answer(request, nodes()))) return;
          call.pause();
          call.once('drain', () => call.resume());
        } catch (error) {
          call.emit('error', refusal(error));
        }
      });
      call.on('end', () => call.end());
    },
  };
  return { definition: grpcService(ClientStatusDiscoveryService), implementation, authorise };
}

/** The answer to one request. @throws UnsupportedMatcher, TooLarge */
export function answer(request: ClientStatusRequest, nodes: Iterable<Inspected>): Response {
  const config: ClientConfig[] = [];
  let bytes = 0;
  for (const node of nodes) {
    if (!matches(nodeMessage(node.record), request.nodeMatchers)) continue;
    const found = clientConfig(node, !request.excludeResourceContents);
    bytes += toBinary(ClientConfigSchema, found).length;
    if (bytes > MOST_BYTES)
      throw new TooLarge(
        'the answer is too large: ask for fewer nodes by node_matchers, or with exclude_resource_contents',
      );
    config.push(found);
  }
  return create(ClientStatusResponseSchema, { config });
}

function refusal(error: unknown): { code: grpc.status; details: string } {
  if (error instanceof UnsupportedMatcher) return { code: grpc.status.INVALID_ARGUMENT, details: error.message };
  if (error instanceof TooLarge) return { code: grpc.status.RESOURCE_EXHAUSTED, details: error.message };
  return { code: grpc.status.INTERNAL, details: error instanceof Error ? error.message : String(error) };
}
