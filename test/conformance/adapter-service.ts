import * as grpc from '@grpc/grpc-js';
import { wallClock } from '../../control-plane/mesh/clock.ts';
import type { ExtraService, ManagementServer } from '../../control-plane/xds/index.ts';
import { AdapterError, NodeState } from './adapter-state.ts';
import type { AdapterCalls, Change } from './messages.ts';
import { adapterCalls } from './messages.ts';

type RequestOf<M extends keyof AdapterCalls> = ReturnType<AdapterCalls[M]['request']['decode']>;
type ResponseOf<M extends keyof AdapterCalls> = ReturnType<AdapterCalls[M]['response']['decode']>;

/** What the five calls do to a management server. Throws {@link AdapterError}. */
export function adapterHandlers(server: ManagementServer): {
  [M in keyof AdapterCalls]: (request: RequestOf<M>) => ResponseOf<M>;
} {
  const nodes = new Map<string, NodeState>();
  const serve = (node: string, state: NodeState) => {
    nodes.set(node, state);
    server.set(node, state.resources, { versions: state.versions });
    return { success: true };
  };
  const change = (how: 'add' | 'update' | 'remove') => (request: Change) => {
    const state = nodes.get(request.node);
    if (!state) throw new AdapterError('NOT_FOUND', `no state was set for node ${request.node}`);
    state[how](request);
    return serve(request.node, state);
  };
  return {
    SetState: (request) => serve(request.node, new NodeState(request)),
    ClearState: ({ node }) => {
      nodes.delete(node);
      server.forget(node);
      return { response: `${node} is forgotten` };
    },
    UpdateResource: change('update'),
    AddResource: change('add'),
    RemoveResource: change('remove'),
  };
}

/**
 * The service `adapter.Adapter` over a management server. Calls are carried out `delayMs` after they came (in the order in
 * which they came).
 */
export function adapterService(server: ManagementServer, delayMs = 0): ExtraService {
  const definition: Record<string, grpc.MethodDefinition<object, object>> = {};
  const implementation: grpc.UntypedServiceImplementation = {};
  for (const [name, handler] of Object.entries(adapterHandlers(server))) {
    const { path, request, response } = adapterCalls[name as keyof AdapterCalls];
    definition[name] = {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: (value) => request.encode(value as never),
      requestDeserialize: (bytes) => request.decode(bytes),
      responseSerialize: (value) => response.encode(value as never),
      responseDeserialize: (bytes) => response.decode(bytes),
    };
    implementation[name] = async (call: grpc.ServerUnaryCall<object, object>, done: grpc.sendUnaryData<object>) => {
      try {
        if (delayMs > 0) await wallClock.sleep(delayMs);
        done(null, handler(call.request as never));
      } catch (error) {
        const code = error instanceof AdapterError ? grpc.status[error.status] : grpc.status.INTERNAL;
        done({ code, details: (error as Error).message });
      }
    };
  }
  return { definition, implementation };
}
