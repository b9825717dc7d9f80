/**
 * Since when each target exists, and up to when what was asked for is known to be in force. A request counts if its target
 * was in an update that has settled, another has settled since, and it still is there, never gone in between, when the answer
 * came. One is not enough: a proxy acknowledges a listener a moment before it listens.
 */
export class Journal {
  #step = 0;
  #settled = -1;
  #settledBefore = -1;
  readonly #since = new Map<string, number>();

  /** A new state is about to be asked for; its number. */
  ask(targets: readonly string[]): number {
    this.#step++;
    const now = new Set(targets);
    for (const target of [...this.#since.keys()]) if (!now.has(target)) this.#since.delete(target);
    for (const target of now) if (!this.#since.has(target)) this.#since.set(target, this.#step);
    return this.#step;
  }

  /** The proxy has what was asked for as this step, a later one than any before. */
  settle(step: number): void {
    this.#settledBefore = this.#settled;
    this.#settled = step;
  }

  /** Targets that were in force before the last update that settled, in the one before it. */
  get standing(): string[] {
    return [...this.#since].filter(([, since]) => since <= this.#settledBefore).map(([target]) => target);
  }

  /** The step a target exists since; undefined where it does not. */
  since(target: string): number | undefined {
    return this.#since.get(target);
  }
}
