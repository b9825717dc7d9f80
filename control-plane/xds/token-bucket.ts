/**
 * How fast somebody may go on: `burst` at once, `rate` a second for long. What is taken by {@link TokenBucket.take} is
 * never refused; the bucket goes into debt instead and says how long to pause. Time is an argument, ms.
 */
export class TokenBucket {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(rate: number, burst: number, now: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes `cost` tokens; how long to wait before the next, ms (0 = not at all). */
  take(cost: number, now: number): number {
    this.#refill(now);
    this.#tokens -= cost;
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens / this.#rate) * 1000);
  }

  /** What is owed, tokens. */
  get debt(): number {
    return Math.max(0, -this.#tokens);
  }

  /** Pays back a debt, or a part of it. */
  pay(tokens: number): void {
    this.#tokens += Math.min(tokens, this.debt);
  }

  /** Takes one token where there is one, and says whether. */
  tryTake(now: number): boolean {
    this.#refill(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #refill(now: number): void {
    // A clock that was set back gives nothing.
    const passed = Math.max(0, now - this.#at);
    this.#at = now;
    this.#tokens = Math.min(this.#burst, this.#tokens + (passed / 1000) * this.#rate);
  }
}
