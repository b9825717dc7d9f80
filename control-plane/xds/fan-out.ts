import type { CallStream } from './call-stream.ts';

type Pumped = Pick<CallStream, 'pump'>;

/** Answers made ahead of what connections have taken. */
const AHEAD = 32;

/**
 * Sends what is new to many streams. Node's HTTP/2 gives a connection what was written to it only when the JavaScript that
 * wrote is over, so that of thousands nobody would get anything before the last answer was made. Here a few are made, and one
 * more whenever a connection has taken one. What connections that take nothing leave over is made before the event loop goes on.
 */
export class FanOut {
  #waiting: Pumped[] = [];
  #next = 0;
  #ahead = 0;
  #rest: NodeJS.Immediate | undefined;

  /** There may be something for the stream. It is looked at now, or before the event loop goes on. */
  add(stream: Pumped): void {
    if (this.#ahead >= AHEAD) this.#waiting.push(stream);
    else if (stream.pump()) this.#ahead++;
    this.#rest ??= setImmediate(() => this.#finish());
  }

  /** A connection has taken an answer. */
  onTaken(): void {
    while (this.#next < this.#waiting.length && !this.#waiting[this.#next++]!.pump());
  }

  #finish(): void {
    this.#rest = undefined;
    this.#ahead = 0;
    while (this.#next < this.#waiting.length) this.#waiting[this.#next++]!.pump();
    this.#waiting = [];
    this.#next = 0;
  }
}
