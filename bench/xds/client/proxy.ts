import type { OnReadOpts, Socket } from 'node:net';
import { connect } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import { FrameReader, flags, frame, frameTypes, opening, windows } from './frames.ts';
import type { Answer } from './message.ts';
import { MessageReader } from './message.ts';
import type { Protocol } from './requests.ts';
import { methods } from './requests.ts';

/** Where the server is and how to reach it. */
export interface Target {
  readonly port: number;
  readonly protocol: Protocol;
  /** Mutual TLS, where it is on. */
  readonly tls?: ConnectionOptions | undefined;
  /** Where to come from; undefined = where the system chooses. */
  readonly localAddress?: string | undefined;
}

export interface ProxyListener {
  onAnswer(answer: Answer): void;
  /** The stream is over though nobody closed it. */
  onLost(why: string): void;
  /** Every message as it is, for the one proxy that looks inside: a piece of it. */
  onBytes?(bytes: Uint8Array): void;
}

/** Read into by all sockets in turn: what is read is used up before the next read. */
const readBuffer = Buffer.alloc(256 * 1024);

/** One simulated proxy: one connection with one discovery stream, in as few instructions as JavaScript allows. */
export class SimulatedProxy {
  received = 0;
  sent = 0;
  readonly #listener: ProxyListener;
  readonly #reader: MessageReader;
  readonly #socket: Socket;
  #closed = false;
  #stalled = false;
  #streamWindow: number = windows.smallest;
  #connectionWindow: number = windows.smallest;
  #initialWindow: number = windows.smallest;
  readonly #waiting: Buffer[] = [];

  constructor(target: Target, first: Buffer, listener: ProxyListener, window: number = windows.envoy) {
    this.#listener = listener;
    this.#reader = new MessageReader(target.protocol === 'delta', (answer) => listener.onAnswer(answer));
    const frames = new FrameReader({
      onData: (bytes, at, end) => {
        this.#listener.onBytes?.(bytes.subarray(at, end));
        this.#reader.read(bytes, at, end);
      },
      onFrame: (type, flag, stream, payload) => this.#onFrame(type, flag, stream, payload),
      onEnd: () => this.#lost('the server ended the stream'),
    });
    const onread: OnReadOpts = {
      buffer: readBuffer,
      callback: (count, bytes) => {
        this.received += count;
        try {
          frames.read(bytes, 0, count);
        } catch (error) {
          this.#lost(String(error));
        }
        return !this.#stalled;
      },
    };
    const { port, localAddress } = target;
    const where = { host: '127.0.0.1', port, localAddress, onread, noDelay: true };
    this.#socket = target.tls ? connectTls({ ...target.tls, ...where, ALPNProtocols: ['h2'] }) : connect(where);
    this.#socket.on('error', (error) => this.#lost(error.message));
    this.#socket.on('close', () => this.#lost('the connection closed'));
    this.#write(opening(methods[target.protocol], `127.0.0.1:${target.port}`, window));
    this.send(first);
  }

  /** Sends a message made by `dataFrames`, as soon as the server's window allows. */
  send(frames: Buffer): void {
    if (this.#waiting.length === 0 && this.#take(frames)) return;
    for (let at = 0; at < frames.length; ) {
      const end = at + 9 + frames.readUIntBE(at, 3);
      this.#waiting.push(frames.subarray(at, end));
      at = end;
    }
    this.#flush();
  }

  /** Whether all that was sent has left. */
  get flushed(): boolean {
    return this.#waiting.length === 0 && this.#socket.writableLength === 0;
  }

  /** Stops reading, for ever. */
  stall(): void {
    this.#stalled = true;
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #take(frames: Buffer): boolean {
    const payload = payloadOf(frames);
    if (payload > Math.min(this.#streamWindow, this.#connectionWindow)) return false;
    this.#streamWindow -= payload;
    this.#connectionWindow -= payload;
    this.#write(frames);
    return true;
  }

  #write(bytes: Buffer): void {
    this.sent += bytes.length;
    this.#socket.write(bytes);
  }

  #onFrame(type: number, flag: number, stream: number, payload: Buffer): void {
    if (type === frameTypes.settings && (flag & flags.ack) === 0) this.#onSettings(payload);
    else if (type === frameTypes.ping && (flag & flags.ack) === 0)
      this.#write(frame(frameTypes.ping, flags.ack, 0, payload));
    else if (type === frameTypes.windowUpdate) {
      if (stream === 0) this.#connectionWindow += payload.readUInt32BE(0);
      else this.#streamWindow += payload.readUInt32BE(0);
      this.#flush();
    } else if (type === frameTypes.reset) this.#lost(`the stream was reset: ${payload.readUInt32BE(0)}`);
    else if (type === frameTypes.goaway) this.#lost(`the server said goodbye: ${payload.subarray(8).toString()}`);
  }

  #onSettings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== 4) continue;
      const window = payload.readUInt32BE(at + 2);
      this.#streamWindow += window - this.#initialWindow;
      this.#initialWindow = window;
    }
    this.#write(frame(frameTypes.settings, flags.ack, 0, Buffer.alloc(0)));
    this.#flush();
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#take(this.#waiting[0]!)) this.#waiting.shift();
  }

  #lost(why: string): void {
    if (this.#closed) return;
    this.close();
    this.#listener.onLost(why);
  }
}

/** What frames count for in flow control. */
function payloadOf(frames: Buffer): number {
  let payload = 0;
  for (let at = 0; at < frames.length; ) {
    const length = frames.readUIntBE(at, 3);
    payload += length;
    at += 9 + length;
  }
  return payload;
}
