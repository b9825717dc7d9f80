import type { CallStream } from './call-stream.ts';

type Pumped = Pick<CallStream, 'pump'>;

/** Answers made at once in a turn of the event loop, before any was taken. */
const AHEAD = 32;

/**
 * Sends what is new to many streams. Node's HTTP/2 gives a connection what was written to it only when the JavaScript that
 * wrote is over, so that of thousands nobody would get anything before the last answer was made. Here a few are made, and one
 * more whenever a connection has taken one. What connections that take nothing leave over is made in the loop's next turn.
 */
export class FanOut {
  #waiting: Pumped[] = [];
  #next = 0;
  #ahead = 0;
  #rest: NodeJS.Immediate | undefined;

  /** There may be something for the stream. It is looked at now, or within a turn of the event loop. */
  add(stream: Pumped): void {
    if (this.#ahead >= AHEAD) this.#waiting.push(stream);
    else if (stream.pump()) this.#ahead++;
    this.#rest ??= setImmediate(() => this.flush());
  }

  /** A connection has taken an answer, or is gone. */
  onTaken(): void {
    while (this.#next < this.#waiting.length && !this.#waiting[this.#next++]!.pump());
  }

  /** Looks at all streams that wait. Throws what one throws; the others are looked at in the next turn. */
  flush(): void {
    clearImmediate(this.#rest);
    this.#rest = undefined;
    this.#ahead = 0;
    try {
      while (this.#next < this.#waiting.length) this.#waiting[this.#next++]!.pump();
    } finally {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
      if (this.#waiting.length > 0) this.#rest ??= setImmediate(() => this.flush());
    }
  }
}
