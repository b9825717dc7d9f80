/** The kinds of HTTP/2 frame that are told apart here (RFC 9113, section 6). */
export const frameTypes = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, windowUpdate: 8 } as const;
export const flags = { ack: 1, endStream: 1, endHeaders: 4, padded: 8 } as const;

export interface FrameListener {
  /** A piece of a DATA frame's payload: `bytes[at … end)`, valid during the call only. */
  onData(bytes: Uint8Array, at: number, end: number): void;
  /** Any other frame, whole. `stream` 0 is the connection. */
  onFrame(type: number, flag: number, stream: number, payload: Buffer): void;
  /** The server ended the stream. */
  onEnd(): void;
}

/** Takes an HTTP/2 connection's bytes apart as they arrive. DATA is passed on in pieces, never put together. */
export class FrameReader {
  readonly #listener: FrameListener;
  readonly #header = Buffer.alloc(9);
  #headerAt = 0;
  #left = 0;
  #payload: Buffer | undefined;

  constructor(listener: FrameListener) {
    this.#listener = listener;
  }

  /** Takes `bytes[at … end)`. Throws on padded DATA, which no server here sends. */
  read(bytes: Uint8Array, at: number, end: number): void {
    while (at < end) {
      if (this.#headerAt < 9) {
        this.#header[this.#headerAt++] = bytes[at++]!;
        if (this.#headerAt === 9) this.#start();
        continue;
      }
      const step = Math.min(this.#left, end - at);
      if (this.#payload) this.#payload.set(bytes.subarray(at, at + step), this.#payload.length - this.#left);
      else this.#listener.onData(bytes, at, at + step);
      this.#left -= step;
      at += step;
      if (this.#left === 0) this.#finish();
    }
  }

  #start(): void {
    this.#left = this.#header.readUIntBE(0, 3);
    const type = this.#header[3]!;
    if (type === frameTypes.data) {
      if ((this.#header[4]! & flags.padded) !== 0) throw new Error('padded DATA');
      this.#payload = undefined;
    } else this.#payload = Buffer.alloc(this.#left);
    if (this.#left === 0) this.#finish();
  }

  #finish(): void {
    const type = this.#header[3]!;
    const flag = this.#header[4]!;
    this.#headerAt = 0;
    if (type !== frameTypes.data)
      this.#listener.onFrame(type, flag, this.#header.readUInt32BE(5) & 0x7fffffff, this.#payload!);
    if ((type === frameTypes.data || type === frameTypes.headers) && (flag & flags.endStream) !== 0)
      this.#listener.onEnd();
  }
}

export function frame(type: number, flag: number, stream: number, payload: Uint8Array): Buffer {
  const out = Buffer.alloc(9 + payload.length);
  out.writeUIntBE(payload.length, 0, 3);
  out[3] = type;
  out[4] = flag;
  out.writeUInt32BE(stream, 5);
  out.set(payload, 9);
  return out;
}

/** Flow-control windows, of the stream and of the connection: Envoy's own is 256 MiB, HTTP/2's just below 64 KiB. */
export const windows = { envoy: 256 * 1024 * 1024, smallest: 65_535 } as const;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** What a client with that window sends to open a connection and, on stream 1, a gRPC call of `path`. */
export function opening(path: string, authority: string, window: number): Buffer {
  const settings = Buffer.alloc(6);
  settings.writeUInt16BE(4, 0); // SETTINGS_INITIAL_WINDOW_SIZE
  settings.writeUInt32BE(window, 2);
  const grow = Buffer.alloc(4);
  grow.writeUInt32BE(window - windows.smallest);
  const headers = Buffer.concat(
    [
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', path],
      [':authority', authority],
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
    ].map(([name, value]) => literal(name!, value!)),
  );
  return Buffer.concat([
    Buffer.from(PREFACE),
    frame(frameTypes.settings, 0, 0, settings),
    ...(window > windows.smallest ? [frame(frameTypes.windowUpdate, 0, 0, grow)] : []), // By nothing is an error.
    frame(frameTypes.headers, flags.endHeaders, 1, headers),
  ]);
}

/** A header field by HPACK's "literal without indexing, new name" (RFC 7541, 6.2.2). */
function literal(name: string, value: string): Buffer {
  const text = (s: string) => {
    if (s.length >= 127) throw new RangeError('the length takes one byte here');
    return Buffer.concat([Buffer.from([s.length]), Buffer.from(s)]);
  };
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

const LARGEST_FRAME = 16_384;

/** A gRPC message on stream 1 as DATA frames. */
export function dataFrames(message: Uint8Array): Buffer {
  const body = Buffer.alloc(5 + message.length);
  body.writeUInt32BE(message.length, 1);
  body.set(message, 5);
  if (body.length <= LARGEST_FRAME) return frame(frameTypes.data, 0, 1, body);
  const frames: Buffer[] = [];
  for (let at = 0; at < body.length; at += LARGEST_FRAME)
    frames.push(frame(frameTypes.data, 0, 1, body.subarray(at, at + LARGEST_FRAME)));
  return Buffer.concat(frames);
}
