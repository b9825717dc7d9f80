import { create, toBinary } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import type * as grpc from '@grpc/grpc-js';
import { ClusterSchema } from '../../control-plane/envoy/protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { typeUrls } from '../../control-plane/xds/index.ts';
import type { AdapterCalls } from './messages.ts';
import { adapterCalls } from './messages.ts';

/** One call of an adapter. Rejects with the gRPC error. */
export function callAdapter<M extends keyof AdapterCalls>(
  client: grpc.Client,
  method: M,
  request: Parameters<AdapterCalls[M]['request']['encode']>[0],
): Promise<ReturnType<AdapterCalls[M]['response']['decode']>> {
  const call = adapterCalls[method];
  return new Promise((resolve, reject) =>
    client.makeUnaryRequest(
      call.path,
      (value) => call.request.encode(value as never),
      (bytes) => call.response.decode(bytes) as ReturnType<AdapterCalls[M]['response']['decode']>,
      request,
      (error, value) => (error ? reject(error) : resolve(value!)),
    ),
  );
}

/** Bare messages of these names, as the harness gives them. The name is field 1 of each of the four types. */
export function bareMessages(types: readonly (keyof typeof typeUrls)[], names: readonly string[]) {
  return types.flatMap((type) =>
    names.map((name) =>
      create(AnySchema, {
        typeUrl: typeUrls[type],
        value: toBinary(ClusterSchema, create(ClusterSchema, { name })),
      }),
    ),
  );
}
