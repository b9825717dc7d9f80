import * as grpc from '@grpc/grpc-js';
import type { Peer } from './peer.ts';

/** A gRPC service to offer on the same address. */
export interface ExtraService {
  readonly definition: grpc.ServiceDefinition;
  readonly implementation: grpc.UntypedServiceImplementation;
  /**
   * Why a peer may not use it; undefined = it may. Without it, whoever gets in may. With it, methods are given the peer as
   * their third argument.
   */
  readonly authorise?: (peer: Peer) => string | undefined;
}

interface AnyCall {
  getPeer(): string;
  emit(event: 'error', error: object): boolean;
}

/** The service with every method behind its `authorise`. */
export function guarded(service: ExtraService, peerOf: (call: AnyCall) => Peer | undefined): ExtraService {
  const { definition, implementation, authorise } = service;
  if (!authorise) return service;
  const behind: grpc.UntypedServiceImplementation = {};
  for (const [name, handle] of Object.entries(implementation)) {
    behind[name] = (call: AnyCall, callback?: (error: object) => void) => {
      const peer = peerOf(call);
      const reason = peer ? authorise(peer) : 'the connection is gone';
      if (reason === undefined) return (handle as (...args: unknown[]) => void)(call, callback, peer);
      const error = { code: grpc.status.PERMISSION_DENIED, details: reason };
      if (callback) callback(error);
      else call.emit('error', error);
    };
  }
  return { definition, implementation: behind };
}
