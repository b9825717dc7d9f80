import * as grpc from '@grpc/grpc-js';
import type { Clock } from '../mesh/clock.ts';
import type { Refusal, Wire } from './call-stream.ts';
import type { Call } from './http2-call.ts';
import type { Limits } from './limits.ts';
import { TokenBucket } from './token-bucket.ts';

/**
 * A gRPC call as a stream's wire. It bounds both directions: answers are not taken beyond the limits of the queue, and
 * requests that come too fast wait in the client's own buffers, since nobody reads them.
 */
export class CallWire implements Wire {
  readonly #call: Call;
  readonly #limits: Limits;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #onDrain: () => void;
  readonly #onTaken: () => void;
  readonly #onMoved = () => {
    this.#moved = true;
  };
  readonly #bucket: TokenBucket;
  #resume: NodeJS.Timeout | undefined;
  #messages = 0;
  #bytes = 0;
  #full = false;
  /** Whether the connection took anything since it was last looked at, when that was, and how long it has not, ms. */
  #moved = false;
  #lookedAt: number;
  #stalledMs = 0;
  #endedAt: number | undefined;

  /** `onTaken`: the connection has taken an answer, or is gone. */
  constructor(call: Call, o: { limits: Limits; clock: Pick<Clock, 'now'>; onDrain: () => void; onTaken: () => void }) {
    this.#call = call;
    this.#limits = o.limits;
    this.#clock = o.clock;
    this.#onDrain = o.onDrain;
    this.#onTaken = o.onTaken;
    this.#lookedAt = o.clock.now();
    this.#bucket = new TokenBucket(o.limits.requestRate, o.limits.requestBurst, this.#lookedAt);
  }

  write(frame: Buffer): boolean {
    if (this.#messages === 0) this.#moved = true;
    this.#messages++;
    this.#bytes += frame.length;
    this.#call.write(
      frame,
      (error) => {
        if (!error) this.#release(frame);
        this.#onTaken();
      },
      this.#onMoved,
    );
    this.#full = this.#isFull();
    return !this.#full;
  }

  end(refusal: Refusal, detail: string): void {
    this.#endedAt = this.#clock.now();
    this.#call.emit('error', { code: grpc.status[refusal], details: detail });
  }

  /** Counts a request, as so many small ones; reads no more until the stream has slowed down to its rate. */
  onRequest(cost: number): void {
    const wait = this.#bucket.take(cost, this.#clock.now());
    if (wait === 0 || this.#resume) return;
    this.#call.pause();
    this.#resume = setTimeout(() => {
      this.#resume = undefined;
      this.#call.resume();
    }, wait);
  }

  /** The call is over. */
  close(): void {
    clearTimeout(this.#resume);
  }

  /** Bytes handed over and not taken. */
  get queuedBytes(): number {
    return this.#bytes;
  }

  /**
   * How long the client has left answers unread, ms, as far as this looks every `everyMs`: a server that was itself
   * kept from running must not take everybody for dead.
   */
  look(now: number, everyMs: number): number {
    this.#stalledMs =
      this.#moved || this.#messages === 0 ? 0 : this.#stalledMs + Math.min(everyMs, now - this.#lookedAt);
    this.#moved = false;
    this.#lookedAt = now;
    return this.#stalledMs;
  }

  /** How long ago the stream was ended, though its call is still there, ms. */
  lingersFor(now: number): number {
    return this.#endedAt === undefined ? 0 : now - this.#endedAt;
  }

  #release(frame: Buffer): void {
    this.#messages--;
    this.#bytes -= frame.length;
    this.#moved = true;
    if (!this.#full || this.#isFull()) return;
    this.#full = false;
    this.#onDrain();
  }

  #isFull(): boolean {
    return this.#messages >= this.#limits.queuedMessages || this.#bytes >= this.#limits.queuedBytes;
  }
}
