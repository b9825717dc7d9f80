import type { Peer } from './peer.ts';
import type { ListenerScope } from './resource.ts';

/** Why the server ends a stream, by gRPC status. */
export type Refusal =
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'UNAVAILABLE';

/** The wire under a stream. */
export interface Wire {
  /** Sends one message in its gRPC frame; false = it is buffered and more should wait for {@link CallStream.onDrain}. */
  write(frame: Buffer): boolean;
  end(refusal: Refusal, detail: string): void;
}

/** One stream of a client as its listener knows it, whatever is spoken on it. */
export interface CallStream {
  readonly scope: ListenerScope;
  readonly peer: Peer;
  /** Who its client has said it is. */
  readonly node: { readonly id: string } | undefined;
  /** Anything came at all. */
  readonly heard: boolean;
  /** Takes a message; gives what it cost, in small ones. */
  onMessage(bytes: Uint8Array): number;
  /** The wire takes messages again. */
  onDrain(): void;
  /** The client is gone. */
  onClose(): void;
  /** Sends what there is to send, as long as the wire takes it; whether that was anything. */
  pump(): boolean;
  end(refusal: Refusal, detail: string): void;
}

/** A method whose every call is a stream of its own. */
export interface StreamMethod {
  readonly service: string;
  readonly name: string;
  /** `/service/name` */
  readonly path: string;
  open(wire: Wire, peer: Peer): CallStream;
}
