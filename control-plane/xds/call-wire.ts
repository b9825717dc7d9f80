import * as grpc from '@grpc/grpc-js';
import type { Clock } from '../mesh/clock.ts';
import { MOST_MS } from '../mesh/clock.ts';
import type { Refusal, Wire } from './call-stream.ts';
import type { FairShare } from './fair-share.ts';
import type { Call } from './http2-call.ts';
import type { Limits } from './limits.ts';
import { TokenBucket } from './token-bucket.ts';

export interface CallWireOptions {
  readonly limits: Limits;
  readonly clock: Pick<Clock, 'now'>;
  /** For requests beyond what each stream may make. */
  readonly spare: FairShare;
  /** Answers are taken again. */
  readonly onDrain: () => void;
  /** The connection has taken an answer, or is gone. */
  readonly onTaken: () => void;
}

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
  /** What the stream may ask for by itself, and what it shares with the others. */
  readonly #own: TokenBucket;
  readonly #spare: FairShare;
  /** Ends the waiting for what was asked for beyond it. */
  #stopWaiting: (() => void) | undefined;
  #messages = 0;
  #bytes = 0;
  #full = false;
  /** Whether the connection took anything since it was last looked at, when that was, and how long it has not, ms. */
  #moved = false;
  #lookedAt: number;
  #stalledMs = 0;
  #endedAt: number | undefined;

  constructor(call: Call, o: CallWireOptions) {
    this.#call = call;
    this.#limits = o.limits;
    this.#clock = o.clock;
    this.#onDrain = o.onDrain;
    this.#onTaken = o.onTaken;
    this.#lookedAt = o.clock.now();
    this.#own = new TokenBucket(o.limits.requestRate, o.limits.requestBurst, this.#lookedAt);
    this.#spare = o.spare;
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
    if (!this.#stopWaiting) return;
    this.close();
    this.#call.resume();
  }

  /**
   * Counts a request, as so many small ones. Beyond the stream's own rate no more are read until it, or what is spare, has made up
   * for it.
   */
  onRequest(cost: number): void {
    // What still comes of a call that has ended is thrown away, for which it has to be read.
    if (this.#endedAt !== undefined) return;
    const waitMs = this.#own.take(cost, this.#clock.now());
    if (waitMs === 0 || this.#stopWaiting) return;
    const { debt } = this.#own;
    const resume = () => {
      this.close();
      this.#call.resume();
    };
    const leave = this.#spare.ask(debt, resume);
    if (!leave) {
      this.#own.pay(debt);
      return;
    }
    this.#call.pause();
    const timer = setTimeout(resume, Math.min(waitMs, MOST_MS));
    this.#stopWaiting = () => {
      clearTimeout(timer);
      this.#own.pay(leave());
    };
  }

  /** The call is over, or waits no more. */
  close(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
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
