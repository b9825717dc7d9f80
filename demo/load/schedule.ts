/**
 * When requests are due: a Poisson process at a rate that may change. Purely a matter of the schedule; no answer, and no
 * lack of one, ever moves it (open loop).
 */
export class Schedule {
  readonly #random: () => number;
  #rate: number;
  #next: number;

  /** `rate` in requests per second, `start` in ms. A rate of 0 has nothing due. */
  constructor(rate: number, start: number, random: () => number = Math.random) {
    this.#rate = rate;
    this.#random = random;
    this.#next = this.#after(start);
  }

  /** When the next request is due, in ms; Infinity at rate 0. */
  get next(): number {
    return this.#next;
  }

  /** Takes every request due up to `now`, in order: the times they were due, not the time it is. */
  take(now: number): number[] {
    const due: number[] = [];
    while (this.#next <= now) {
      due.push(this.#next);
      this.#next = this.#after(this.#next);
    }
    return due;
  }

  /** From `now` on at another rate. Drawing anew changes nothing in the statistics: the process has no memory. */
  setRate(rate: number, now: number): void {
    this.#rate = rate;
    this.#next = this.#after(now);
  }

  #after(time: number): number {
    return this.#rate > 0 ? time - (Math.log(1 - this.#random()) / this.#rate) * 1000 : Number.POSITIVE_INFINITY;
  }
}
