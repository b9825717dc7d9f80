import type { MessageInitShape } from '@bufbuild/protobuf';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import type {
  DeltaDiscoveryResponse,
  DiscoveryResponse,
} from '../../control-plane/envoy/protos/gen/envoy/service/discovery/v3/discovery_pb.js';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
} from '../../control-plane/envoy/protos/gen/envoy/service/discovery/v3/discovery_pb.js';

const aggregated = '/envoy.service.discovery.v3.AggregatedDiscoveryService';

/** One discovery stream of a client that does exactly what a test says: nothing is acknowledged by itself. */
export class RawStream<Response> {
  readonly call: grpc.ClientDuplexStream<Buffer, Buffer>;
  readonly #encode: (request: never) => Uint8Array;
  readonly #arrived: Response[] = [];
  readonly #waiting: ((response: Response | undefined) => void)[] = [];
  /** How the server ended the stream. */
  readonly ended: Promise<grpc.StatusObject>;
  #over = false;

  constructor(
    client: grpc.Client,
    path: string,
    encode: (request: never) => Uint8Array,
    decode: (bytes: Uint8Array) => Response,
  ) {
    this.#encode = encode;
    const asIs = (bytes: Buffer) => bytes;
    this.call = client.makeBidiStreamRequest(path, asIs, asIs);
    this.call.on('data', (bytes: Buffer) => {
      const response = decode(bytes);
      const waiter = this.#waiting.shift();
      if (waiter) waiter(response);
      else this.#arrived.push(response);
    });
    this.call.on('error', () => {});
    this.ended = new Promise((resolve) => {
      this.call.on('status', (status) => {
        this.#over = true;
        for (const waiter of this.#waiting.splice(0)) waiter(undefined);
        resolve(status);
      });
    });
  }

  /** Sends raw bytes. */
  write(bytes: Uint8Array): void {
    this.call.write(Buffer.from(bytes));
  }

  protected sendMessage(request: object): void {
    this.write(this.#encode(request as never));
  }

  /** The next answer; fails when the stream ends instead. */
  async receive(): Promise<Response> {
    const arrived = this.#arrived.shift();
    if (arrived) return arrived;
    if (this.#over) throw new Error('the stream has ended');
    const response = await new Promise<Response | undefined>((resolve) => this.#waiting.push(resolve));
    if (!response) throw new Error(`the stream has ended: ${(await this.ended).details}`);
    return response;
  }

  /** Answers that came and nobody took. */
  get pending(): readonly Response[] {
    return this.#arrived;
  }

  close(): void {
    this.call.cancel();
  }
}

type SotwInit = MessageInitShape<typeof DiscoveryRequestSchema>;
type DeltaInit = MessageInitShape<typeof DeltaDiscoveryRequestSchema>;

export class SotwStream extends RawStream<DiscoveryResponse> {
  constructor(client: grpc.Client, path = `${aggregated}/StreamAggregatedResources`) {
    super(
      client,
      path,
      (request) => toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, request)),
      (bytes) => fromBinary(DiscoveryResponseSchema, bytes),
    );
  }
  send(request: SotwInit): void {
    this.sendMessage(request as object);
  }
  /** Accepts an answer, asking for `names` from now on. */
  ack(response: DiscoveryResponse, names: string[] = []): void {
    this.send({
      typeUrl: response.typeUrl,
      versionInfo: response.versionInfo,
      responseNonce: response.nonce,
      resourceNames: names,
    });
  }
  nack(response: DiscoveryResponse, message: string, names: string[] = [], versionInfo = ''): void {
    this.send({
      typeUrl: response.typeUrl,
      versionInfo,
      responseNonce: response.nonce,
      resourceNames: names,
      errorDetail: { code: 13, message },
    });
  }
}

export class DeltaStream extends RawStream<DeltaDiscoveryResponse> {
  constructor(client: grpc.Client, path = `${aggregated}/DeltaAggregatedResources`) {
    super(
      client,
      path,
      (request) => toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, request)),
      (bytes) => fromBinary(DeltaDiscoveryResponseSchema, bytes),
    );
  }
  send(request: DeltaInit): void {
    this.sendMessage(request as object);
  }
  ack(response: DeltaDiscoveryResponse): void {
    this.send({ typeUrl: response.typeUrl, responseNonce: response.nonce });
  }
  nack(response: DeltaDiscoveryResponse, message: string): void {
    this.send({ typeUrl: response.typeUrl, responseNonce: response.nonce, errorDetail: { code: 13, message } });
  }
}

/** A connection to a management server. */
export function connect(address: string): grpc.Client {
  return new grpc.Client(address, grpc.credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': -1,
  });
}
