import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { UmbraError } from '../mesh/errors.ts';
import type { Limits } from './limits.ts';
import type { Refusal, ServedStream, Wire } from './served-stream.ts';
import { typeUrls } from './type-urls.ts';

/** A gRPC service to offer on the same address. */
export interface ExtraService {
  readonly definition: grpc.ServiceDefinition;
  readonly implementation: grpc.UntypedServiceImplementation;
}

/** Makes the stream for a new call. */
export type OpenStream = (
  wire: Wire,
  how: { protocol: 'sotw' | 'delta'; peer: string; fixedType?: string | undefined },
) => ServedStream;

export interface Listening {
  /** Where it can be reached: `unix:/path` or `host:port`. */
  readonly address: string;
  /** Lets calls that end by themselves within `graceMs` do so, then cuts the rest. */
  close(graceMs: number): Promise<void>;
}

/** Path of the methods of each discovery service: service, suffix of its methods, type. */
const services: readonly (readonly [string, string, string | undefined])[] = [
  ['envoy.service.discovery.v3.AggregatedDiscoveryService', 'AggregatedResources', undefined],
  ['envoy.service.cluster.v3.ClusterDiscoveryService', 'Clusters', typeUrls.CDS],
  ['envoy.service.endpoint.v3.EndpointDiscoveryService', 'Endpoints', typeUrls.EDS],
  ['envoy.service.listener.v3.ListenerDiscoveryService', 'Listeners', typeUrls.LDS],
  ['envoy.service.route.v3.RouteDiscoveryService', 'Routes', typeUrls.RDS],
  ['envoy.service.route.v3.ScopedRoutesDiscoveryService', 'ScopedRoutes', typeUrls.SRDS],
  ['envoy.service.route.v3.VirtualHostDiscoveryService', 'VirtualHosts', typeUrls.VHDS],
  ['envoy.service.extension.v3.ExtensionConfigDiscoveryService', 'ExtensionConfigs', typeUrls.ECDS],
  ['envoy.service.runtime.v3.RuntimeDiscoveryService', 'Runtime', typeUrls.RTDS],
  ['envoy.service.secret.v3.SecretDiscoveryService', 'Secrets', typeUrls.SDS],
];

const asIs = (message: Buffer) => message;

type Call = grpc.ServerDuplexStream<Buffer, Buffer>;

/**
 * Binds one address and serves the discovery services on it. A server of its own for each address, so that a call's
 * scope is known by where it came in. Errors: UMB0401 where something listens there already.
 */
export async function listen(
  address: string,
  open: OpenStream,
  options: { limits: Limits; services: readonly ExtraService[]; onClose: (stream: ServedStream) => void },
): Promise<Listening> {
  const path = address.startsWith('unix:') ? address.slice('unix:'.length) : undefined;
  if (path !== undefined) await clearSocket(path);
  const server = new grpc.Server({
    'grpc.max_receive_message_length': options.limits.messageBytes,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': 1000,
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
  });
  let calls = 0;
  const handle = (protocol: 'sotw' | 'delta', fixedType: string | undefined) => (call: Call) => {
    if (calls >= options.limits.streams) {
      call.emit('error', { code: grpc.status.RESOURCE_EXHAUSTED, details: 'too many streams' });
      return;
    }
    calls++;
    let over = false;
    const wire = wireOf(call, () => stream.onDrain());
    const stream: ServedStream = open(wire, { protocol, peer: call.getPeer(), fixedType });
    const close = () => {
      if (over) return;
      over = true;
      calls--;
      stream.onClose();
      options.onClose(stream);
    };
    call.on('data', (message: Buffer) => stream.onMessage(message));
    call.on('cancelled', close);
    call.on('close', close);
    call.on('error', close);
    call.on('end', () => {
      close();
      call.end();
    });
  };
  for (const [name, suffix, fixedType] of services) {
    const definition: Record<string, grpc.MethodDefinition<Buffer, Buffer>> = {};
    const implementation: grpc.UntypedServiceImplementation = {};
    for (const [prefix, protocol] of [
      ['Stream', 'sotw'],
      ['Delta', 'delta'],
    ] as const) {
      // Virtual hosts are discovered on demand, which only the delta protocol can say.
      if (fixedType === typeUrls.VHDS && protocol === 'sotw') continue;
      const method = prefix + suffix;
      definition[method] = {
        path: `/${name}/${method}`,
        requestStream: true,
        responseStream: true,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      };
      implementation[method] = handle(protocol, fixedType);
    }
    server.addService(definition, implementation);
  }
  for (const { definition, implementation } of options.services) server.addService(definition, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(new UmbraError('UMB0401', `${address}: ${error.message}`, { cause: error })) : resolve(bound),
    );
  });
  // The socket is the credential of its world: only its owner may connect.
  if (path !== undefined) chmodSync(path, 0o600);
  return {
    address: path === undefined ? `${address.slice(0, address.lastIndexOf(':'))}:${port}` : address,
    close: (graceMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.forceShutdown(), graceMs);
        server.tryShutdown(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}

/** Messages handed to one call and not yet taken by its connection. A call's own limit is 16, whatever their size. */
const MOST_WRITES = 4;

function wireOf(call: Call, onDrain: () => void): Wire {
  let writes = 0;
  return {
    write: (message) => {
      writes++;
      call.write(message, () => {
        if (writes-- === MOST_WRITES) onDrain();
      });
      return writes < MOST_WRITES;
    },
    end: (refusal: Refusal, detail: string) =>
      call.emit('error', { code: grpc.status[refusal], details: detail, name: refusal, message: detail }),
  };
}

/** Removes a socket file that a killed process left behind; refuses where somebody still listens. */
async function clearSocket(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  if (!stat.isSocket()) throw new UmbraError('UMB0401', `${path} exists and is not a socket`);
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
  if (alive) throw new UmbraError('UMB0401', `another process listens on ${path}`);
  unlinkSync(path);
}
