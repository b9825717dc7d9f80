import { Socket } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/**
 * Whether the bytes are one whole HTTP/1.1 message that has a content-length, is chunked, or has no body. Enough for
 * connections that carry one message at a time in each direction, and cheap.
 */
export function isWhole(bytes: Buffer): boolean {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return false;
  const head = bytes.toString('latin1', 0, end).toLowerCase();
  const length = /\ncontent-length: *(\d+)/.exec(head);
  if (length) return bytes.length >= end + 4 + Number(length[1]);
  if (!head.includes('\ntransfer-encoding: chunked')) return true;
  return bytes.length >= end + 4 + LAST_CHUNK.length && bytes.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK);
}

/** Calls `message` with each whole message that comes; the peer must not send the next before it is answered. */
export function onMessages(socket: Socket, message: (bytes: Buffer) => void): void {
  let had: Buffer | undefined;
  socket.on('data', (chunk: Buffer) => {
    const bytes = had ? Buffer.concat([had, chunk]) : chunk;
    if (isWhole(bytes)) {
      had = undefined;
      message(bytes);
    } else had = bytes;
  });
}

/** A connection to a local port that sends one request and takes its answer, again and again. */
export class Wire {
  readonly socket: Socket;
  private answered: (ms: number, ok: boolean) => void = () => {};
  private since = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    onMessages(socket, (bytes) => this.answered(performance.now() - this.since, isSuccess(bytes)));
  }

  /** Rejects if the port does not accept. `broken` is called if the connection ends before it is closed here. */
  static open(port: number, broken: (why: Error) => void): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = new Socket();
      socket.setNoDelay(true);
      socket.once('error', reject);
      socket.connect(port, '127.0.0.1', () => {
        socket.removeListener('error', reject);
        socket.on('error', broken);
        socket.on('end', () => broken(new Error(`the connection to port ${port} was closed`)));
        resolve(new Wire(socket));
      });
    });
  }

  /**
   * Sends a request; `answered` gets the time until the whole answer has come, ms, and whether its status is 2xx.
   * @param since where the time begins, of `performance.now()`: for a request that had to wait
   */
  send(request: Buffer, answered: (ms: number, ok: boolean) => void, since = performance.now()): void {
    this.answered = answered;
    this.since = since;
    this.socket.write(request);
  }

  close(): void {
    this.socket.destroy();
  }
}

/** `HTTP/1.1 2xx`. */
const isSuccess = (bytes: Buffer) => bytes[9] === 0x32;

/** A request's bytes. */
export function requestOf(method: string, path: string, headers: Record<string, string>, body = ''): Buffer {
  const all = {
    host: 'bench',
    ...headers,
    ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}
