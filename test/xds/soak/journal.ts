/**
 * Since when each target exists, and up to when what was asked for is known to be in force. A request counts if its target
 * was there before an update that has settled, and still is, never gone in between, when the answer came.
 */
export class Journal {
  #step = 0;
  #settled = -1;
  readonly #since = new Map<string, number>();

  /** A new state is about to be asked for; its number. */
  ask(targets: readonly string[]): number {
    this.#step++;
    const now = new Set(targets);
    for (const target of [...this.#since.keys()]) if (!now.has(target)) this.#since.delete(target);
    for (const target of now) if (!this.#since.has(target)) this.#since.set(target, this.#step);
    return this.#step;
  }

  /** The proxy has what was asked for as this step. */
  settle(step: number): void {
    this.#settled = Math.max(this.#settled, step);
  }

  /** Targets that were in force before the last update that settled. */
  get standing(): string[] {
    return [...this.#since].filter(([, since]) => since < this.#settled).map(([target]) => target);
  }

  /** The step a target exists since; undefined where it does not. */
  since(target: string): number | undefined {
    return this.#since.get(target);
  }
}
