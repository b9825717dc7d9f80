import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { PREFIX_BYTES } from './http2-call.ts';
import { remember } from './remember.ts';

export interface HalfSentOptions {
  /** Bytes of the unfinished messages of one connection; one message may always be on its way. */
  readonly most: number;
  /** How long a message may take from its first byte to its last, ms. */
  readonly longestMs: number;
  /** A stream was ended for it. */
  readonly onEnd: (stream: ServerHttp2Stream, detail: string) => void;
}

interface Unfinished {
  /** Which of the stream's messages. */
  readonly message: number;
  bytes: number;
  waitedMs: number;
}

/**
 * Messages that have begun and not ended: whoever reads them keeps what came of them, and a client has a thousand streams on
 * each connection. It watches calls of any kind, whoever serves them.
 */
export class HalfSent {
  readonly #options: HalfSentOptions;
  readonly #unfinished = new Map<ServerHttp2Stream, Unfinished>();
  readonly #ofConnection = new WeakMap<Http2Session, { bytes: number }>();
  #lookedAt: number | undefined;

  constructor(options: HalfSentOptions) {
    this.#options = options;
  }

  /** Follows what comes on a stream that somebody reads. */
  watch(stream: ServerHttp2Stream): void {
    const { session } = stream;
    if (!session) return;
    const messages = new MessageEdges();
    stream.on('data', (chunk: Buffer) => {
      const bytes = messages.after(chunk);
      // What comes after the answer has ended is thrown away.
      this.#set(stream, session, stream.writableEnded ? 0 : bytes, messages.whole);
    });
    stream.once('close', () => this.#set(stream, session, 0, messages.whole));
  }

  /** Ends streams whose message has taken too long. To be called every `everyMs`: a server that did not run blames nobody. */
  look(now: number, everyMs: number): void {
    const passed = Math.min(everyMs, now - (this.#lookedAt ?? now));
    this.#lookedAt = now;
    for (const [stream, unfinished] of [...this.#unfinished]) {
      // Nobody reads it: it cannot end.
      if (stream.isPaused()) continue;
      unfinished.waitedMs += passed;
      if (unfinished.waitedMs > this.#options.longestMs) this.#end(stream, 'a message left unfinished');
    }
  }

  #set(stream: ServerHttp2Stream, session: Http2Session, bytes: number, message: number): void {
    const before = this.#unfinished.get(stream);
    // Nearly every request comes in one piece.
    if (bytes === 0 && !before) return;
    const all = this.#all(session);
    all.bytes += bytes - (before?.bytes ?? 0);
    if (bytes === 0) this.#unfinished.delete(stream);
    else if (before?.message === message) before.bytes = bytes;
    else this.#unfinished.set(stream, { message, bytes, waitedMs: 0 });
    const { most } = this.#options;
    if (bytes > 0 && all.bytes > most && all.bytes > bytes)
      this.#end(stream, `more than ${most} bytes of unfinished messages`);
  }

  #all(session: Http2Session): { bytes: number } {
    return remember<Http2Session, { bytes: number }>(this.#ofConnection, session, () => ({ bytes: 0 }));
  }

  #end(stream: ServerHttp2Stream, detail: string): void {
    this.#options.onEnd(stream, detail);
    // To a gRPC client it is RESOURCE_EXHAUSTED.
    stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

/** Follows gRPC's messages through the pieces they come in. */
class MessageEdges {
  /** Bytes that came of the message that has begun, and that it has after its prefix, as far as that came. */
  #came = 0;
  #length = 0;
  /** How many came whole. */
  whole = 0;

  /** Bytes of the message that is unfinished after one more piece. */
  after(chunk: Buffer): number {
    for (let at = 0; at < chunk.length; ) {
      if (this.#came < PREFIX_BYTES) {
        // The first byte says whether it is compressed.
        this.#length = this.#came === 0 ? 0 : this.#length * 256 + chunk[at]!;
        this.#came++;
        at++;
      } else {
        const part = Math.min(PREFIX_BYTES + this.#length - this.#came, chunk.length - at);
        this.#came += part;
        at += part;
      }
      if (this.#came < PREFIX_BYTES || this.#came < PREFIX_BYTES + this.#length) continue;
      this.whole++;
      this.#came = 0;
    }
    return this.#came;
  }
}
