import type { Snapshot } from '../../mesh/snapshot.ts';

/** Hands one snapshot a window to any number of readers; a slow one skips to the newest. */
export class SnapshotFeed {
  #latest: Snapshot | undefined;
  #ended = false;
  readonly #wakers = new Set<() => void>();

  get latest(): Snapshot | undefined {
    return this.#latest;
  }

  push(snapshot: Snapshot): void {
    this.#latest = snapshot;
    this.#wake();
  }

  /** Ends every reader. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *read(signal?: AbortSignal): AsyncGenerator<Snapshot> {
    let seen = this.#latest;
    while (!signal?.aborted && !this.#ended) {
      if (this.#latest !== undefined && this.#latest !== seen) {
        seen = this.#latest;
        yield seen;
        continue;
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#wakers.delete(wake);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        this.#wakers.add(wake);
        signal?.addEventListener('abort', wake, { once: true });
      });
    }
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake();
  }
}
