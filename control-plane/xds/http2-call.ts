import { EventEmitter } from 'node:events';
import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import * as grpc from '@grpc/grpc-js';

/** What a stream's wire needs of a gRPC call. grpc-js's own calls have it too. */
export interface Call {
  /** `address:port` of the client. */
  getPeer(): string;
  /**
   * Sends one {@link frameMessage | frame}; `done` when the connection has taken it; never, or with an error, when it is gone.
   * `moved`, where it is known: it has taken a part of it.
   */
  write(frame: Buffer, done: (error?: Error | null) => void, moved?: () => void): unknown;
  /** Ends the call with status OK. */
  end(): void;
  pause(): unknown;
  resume(): unknown;
  on(event: 'data', listener: (message: Buffer) => void): unknown;
  on(event: 'end' | 'close' | 'cancelled' | 'error', listener: () => void): unknown;
  /** Ends the call with a status. */
  emit(event: 'error', status: { readonly code: number; readonly details: string }): unknown;
}

/** Bytes before each message: whether it is compressed, and its length ("Length-Prefixed-Message" of gRPC over HTTP/2). */
export const PREFIX_BYTES = 5;

/** A message as gRPC puts it on the wire. */
export function frameMessage(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame.set(message, PREFIX_BYTES);
  return writePrefix(frame);
}

/** Fills in the prefix of a frame that holds its message already. */
export function writePrefix(frame: Buffer): Buffer {
  frame[0] = 0;
  frame.writeUInt32BE(frame.length - PREFIX_BYTES, 1);
  return frame;
}

/** Whether {@link Http2Call} can serve a request: plain gRPC without deadline and compression. */
export function isPlainCall(headers: IncomingHttpHeaders): boolean {
  return (
    headers[':method'] === 'POST' &&
    /^application\/grpc(\+proto)?$/.test(headers['content-type'] ?? '') &&
    headers['grpc-timeout'] === undefined &&
    (headers['grpc-encoding'] ?? 'identity') === 'identity'
  );
}

/**
 * A large frame is given to its connection in parts, of so many bytes. What a TLS connection is given it encrypts at once and keeps
 * until the client has read it: of the first answers to thousands of proxies that is more than all else. Others keep no copy; it is only
 * seen by parts that a client goes on reading.
 */
const PART = { encrypted: 64 * 1024, plain: 1024 * 1024 };

/** A frame of which a part has been given to the connection. */
interface Rest {
  readonly frame: Buffer;
  readonly done: (error?: Error | null) => void;
  readonly moved: (() => void) | undefined;
  from: number;
}

/** What gRPC calls the peer of a call: `address:port`. */
export function peerOf(session: Http2Session | undefined): string {
  const socket = session?.socket;
  return `${socket?.remoteAddress}:${socket?.remotePort}`;
}

const responseHeaders = { ':status': 200, 'content-type': 'application/grpc+proto' } as const;

/**
 * A bidirectional call straight on its HTTP/2 stream. grpc-js copies every message of every call to put five bytes before
 * it; here a frame is made once and written by all calls, which for a thousand clusters and thousands of proxies is the
 * difference between megabytes and gigabytes. The events are those of grpc-js's calls.
 */
export class Http2Call extends EventEmitter implements Call {
  readonly #stream: ServerHttp2Stream;
  readonly #peer: string;
  readonly #most: number;
  readonly #part: number;
  /** What waits until the connection has taken the part before it. */
  #rest: Rest[] = [];
  #chunks: Buffer[] = [];
  #have = 0;
  #need = PREFIX_BYTES;
  #paused = false;
  #ended = false;
  #responded = false;
  #over = false;

  /** `most`: the largest message taken, bytes. */
  constructor(stream: ServerHttp2Stream, most: number) {
    super();
    this.#stream = stream;
    this.#peer = peerOf(stream.session);
    this.#most = most;
    this.#part = stream.session?.encrypted ? PART.encrypted : PART.plain;
    stream.on('error', () => {}); // It is closed as well, which is told.
    stream.on('data', (chunk: Buffer) => {
      if (this.#over) return;
      if (this.#have === 0) this.#chunks = [chunk];
      else this.#chunks.push(chunk);
      this.#have += chunk.length;
      this.#deliver();
    });
    stream.on('end', () => {
      this.#ended = true;
      this.#deliver();
    });
    stream.on('close', () => {
      this.#over = true;
      this.emit('close');
    });
    this.on('error', (status: { code: number; details: string }) => this.#finish(status.code, status.details));
  }

  getPeer(): string {
    return this.#peer;
  }

  write(frame: Buffer, done: (error?: Error | null) => void, moved?: () => void): void {
    if (this.#isGone()) return;
    if (!this.#responded) {
      this.#responded = true;
      this.#stream.respond(responseHeaders, { waitForTrailers: true });
    }
    if (this.#rest.length === 0 && frame.length <= this.#part) {
      this.#stream.write(frame, done);
      return;
    }
    this.#rest.push({ frame, done, moved, from: 0 });
    if (this.#rest.length === 1) this.#writePart();
  }

  #writePart(): void {
    const first = this.#rest[0]!;
    const part = first.frame.subarray(first.from, first.from + this.#part);
    first.from += part.length;
    this.#stream.write(part, (error) => {
      // What was left has been written with the end.
      if (error || this.#rest[0] !== first) return;
      first.moved?.();
      const whole = first.from === first.frame.length;
      if (whole) this.#rest.shift();
      if (this.#rest.length > 0) this.#writePart();
      if (whole) first.done();
    });
  }

  end(): void {
    this.#finish(grpc.status.OK, '');
  }

  pause(): void {
    if (this.#over) return;
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
    if (!this.#paused) this.#stream.resume();
  }

  #deliver(): void {
    while (!this.#paused && !this.#over && this.#have >= this.#need) {
      const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#have);
      const end = PREFIX_BYTES + all.readUInt32BE(1);
      if (all[0] !== 0) this.#finish(grpc.status.UNIMPLEMENTED, 'compressed messages are not understood');
      else if (end - PREFIX_BYTES > this.#most)
        this.#finish(grpc.status.RESOURCE_EXHAUSTED, `a message of more than ${this.#most} bytes`);
      if (this.#over) return;
      const whole = all.length >= end;
      const rest = whole ? all.subarray(end) : all;
      // The beginning of the next message would keep all of this one.
      const copied = whole && this.#chunks.length > 1;
      this.#chunks = rest.length === 0 ? [] : [copied ? Buffer.from(rest) : rest];
      this.#have = whole ? all.length - end : all.length;
      this.#need = whole ? PREFIX_BYTES : end;
      if (whole) this.emit('data', all.subarray(PREFIX_BYTES, end));
    }
    if (this.#ended && !this.#paused && !this.#over) this.emit('end');
  }

  #finish(code: grpc.status, details: string): void {
    if (this.#isGone()) return;
    this.#over = true;
    this.#chunks = [];
    for (const { frame, from } of this.#rest) if (from < frame.length) this.#stream.write(frame.subarray(from));
    this.#rest = [];
    const trailers = { 'grpc-status': String(code), 'grpc-message': encodeURI(details.toWellFormed()) };
    if (this.#responded) {
      this.#stream.once('wantTrailers', () => {
        this.#stream.sendTrailers(trailers);
        this.emit('cancelled');
      });
      this.#stream.end();
    } else {
      this.#stream.respond({ ...responseHeaders, ...trailers }, { endStream: true });
      process.nextTick(() => this.emit('cancelled'));
    }
    // What still comes is thrown away.
    this.#stream.resume();
  }

  #isGone(): boolean {
    return this.#over || this.#stream.destroyed || this.#stream.closed;
  }
}
