import type { Clock } from '../mesh/clock.ts';
import { MOST_MS } from '../mesh/clock.ts';

interface Waiting {
  readonly units: number;
  /** Where on the shared scale it has had what it asked for. */
  readonly end: number;
  readonly go: () => void;
  left: boolean;
}

/**
 * A rate that many share: those who wait get equal parts of it at the same time (processor sharing), so that who asks for little
 * is soon done, however much the others ask for. What nobody uses is saved up, for a second at most.
 *
 * Each is done when the common measure of what everyone who waited all along has had, the virtual time of fair queueing (Parekh
 * and Gallager, IEEE/ACM Trans. Networking 1:344, 1993), has moved on by what it asked for.
 */
export class FairShare {
  readonly #rate: number;
  readonly #clock: Pick<Clock, 'now'>;
  /** Who is done first, first. */
  readonly #waiting: Waiting[] = [];
  #virtual = 0;
  #saved: number;
  #at: number;
  #timer: NodeJS.Timeout | undefined;

  /** `rate`: units a second. */
  constructor(rate: number, clock: Pick<Clock, 'now'>) {
    this.#rate = rate;
    this.#clock = clock;
    this.#saved = rate;
    this.#at = clock.now();
  }

  /**
   * Asks for so many units. Undefined: they are there. Else `go` is called once they are, unless what is returned is called before;
   * that gives how many there were.
   */
  ask(units: number, go: () => void): (() => number) | undefined {
    this.#advance();
    const lacking = units - this.#saved;
    this.#saved = Math.max(0, -lacking);
    if (lacking <= 0) return undefined;
    const waiting: Waiting = { units, end: this.#virtual + lacking, go, left: false };
    const behind = this.#waiting.findIndex((w) => w.end > waiting.end);
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, waiting);
    this.#arm();
    return () => this.#leave(waiting);
  }

  #leave(waiting: Waiting): number {
    waiting.left = true;
    // Up to now it had its part.
    this.#advance();
    const at = this.#waiting.indexOf(waiting);
    if (at >= 0) this.#waiting.splice(at, 1);
    this.#arm();
    return waiting.units - Math.max(0, waiting.end - this.#virtual);
  }

  /** Shares out what has come since it was last looked at. */
  #advance(): void {
    const now = this.#clock.now();
    // A clock that was set back gives nothing.
    let units = (Math.max(0, now - this.#at) / 1000) * this.#rate;
    this.#at = now;
    const done: Waiting[] = [];
    while (this.#waiting.length > 0) {
      const first = this.#waiting[0]!;
      const needed = (first.end - this.#virtual) * this.#waiting.length;
      if (needed > units) {
        this.#virtual += units / this.#waiting.length;
        units = 0;
        break;
      }
      units -= needed;
      this.#virtual = first.end;
      done.push(this.#waiting.shift()!);
    }
    this.#saved = Math.min(this.#rate, this.#saved + units);
    for (const waiting of done) if (!waiting.left) waiting.go();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const first = this.#waiting[0];
    if (!first) return;
    const needed = (first.end - this.#virtual) * this.#waiting.length;
    this.#timer = setTimeout(
      () => {
        this.#advance();
        this.#arm();
      },
      Math.min(MOST_MS, Math.ceil((needed / this.#rate) * 1000)),
    );
  }
}
