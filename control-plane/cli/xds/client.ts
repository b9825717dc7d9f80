import { create, type MessageInitShape } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import {
  type ClientConfig,
  ClientStatusDiscoveryService,
  ClientStatusRequestSchema,
  type ClientStatusResponse,
} from '../../envoy/protos/gen/envoy/service/status/v3/csds_pb.js';
import { grpcService } from '../../envoy/protos/grpc.ts';
import { UmbraError } from '../../mesh/errors.ts';

/** Where `umbra xds` serves unless told otherwise, and the other commands look. */
export const DEFAULT_ADDRESS = '127.0.0.1:18000';

/** How long an answer may take; everything is at hand. */
const PATIENCE_MS = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** Of which node; without, of all. */
export interface StatusRequest {
  readonly node?: string;
  /** Bodies as well as names and states. */
  readonly contents: boolean;
}

/**
 * Asks a management server for the state of its nodes, by the client status discovery service; any server that offers CSDS
 * answers. Errors: UMB0802 where none does, UMB0804 where it does not know the node.
 */
export async function fetchStatus(address: string, request: StatusRequest): Promise<ClientConfig[]> {
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': MOST_BYTES,
  });
  try {
    const configs = await call(client, {
      excludeResourceContents: !request.contents,
      ...(request.node === undefined
        ? {}
        : { nodeMatchers: [{ nodeId: { matchPattern: { case: 'exact', value: request.node } } }] }),
    });
    if (request.node !== undefined && configs.length === 0)
      throw new UmbraError('UMB0804', `${address} has no node ${request.node}`, {
        remedy: 'List them: umbra xds status.',
      });
    return configs;
  } catch (error) {
    if (error instanceof UmbraError) throw error;
    throw unreachable(address, error as grpc.ServiceError);
  } finally {
    client.close();
  }
}

function call(
  client: grpc.Client,
  request: MessageInitShape<typeof ClientStatusRequestSchema>,
): Promise<ClientConfig[]> {
  const { fetchClientStatus } = grpcService(ClientStatusDiscoveryService) as Record<
    string,
    grpc.MethodDefinition<unknown, ClientStatusResponse>
  >;
  const { path, requestSerialize, responseDeserialize } = fetchClientStatus!;
  const deadline = new Date(Date.now() + PATIENCE_MS);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      create(ClientStatusRequestSchema, request),
      { deadline },
      (error, response) => (error ? reject(error) : resolve(response!.config)),
    );
  });
}

function unreachable(address: string, { code, details }: grpc.ServiceError): UmbraError {
  const remedy =
    code === grpc.status.UNIMPLEMENTED
      ? 'Give the address that shows state: --xds ADDRESS (umbra xds --inspect names it).'
      : 'Start one with `umbra xds -f resources.yaml`, or give its address: --xds ADDRESS.';
  const why = code === grpc.status.UNIMPLEMENTED ? 'it does not show the state of its nodes' : details;
  return new UmbraError('UMB0802', `${address}: ${why}`, { remedy });
}
