import type { Clock } from '../../mesh/clock.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/**
 * A clock that runs as fast as the machine can: whenever somebody sleeps on it (or a simulation wants its next step) and
 * everybody who was woken has had their turn of the event loop, time jumps to the next instant anything is due.
 *
 * What runs in real time meanwhile (a model being asked, a file being written) would take no simulated time at all while time
 * runs on elsewhere; wrap it in {@link during}, which holds the clock still.
 */
export class VirtualClock implements Clock {
  #now: number;
  #sleepers: Sleeper[] = [];
  #holds = 0;
  #running = false;

  /** @param start ms since the epoch */
  constructor(start = Date.UTC(2030, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper: Sleeper = {
        at: this.#now + Math.max(0, ms),
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = () => {
        this.#sleepers = this.#sleepers.filter((s) => s !== sleeper);
        reject(signal!.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#sleepers.push(sleeper);
      this.#run();
    });
  }

  /** Holds the clock still until `work` is done. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#holds++;
    try {
      return await work;
    } finally {
      this.#holds--;
      this.#run();
    }
  }

  /** Wakes whoever is due next, one instant at a time, each time after the event loop has come round. */
  #run(): void {
    if (this.#running || this.#holds > 0 || this.#sleepers.length === 0) return;
    this.#running = true;
    setImmediate(() => {
      this.#running = false;
      if (this.#holds > 0 || this.#sleepers.length === 0) return;
      const next = Math.min(...this.#sleepers.map((s) => s.at));
      this.#now = Math.max(this.#now, next);
      const due = this.#sleepers.filter((s) => s.at <= this.#now);
      this.#sleepers = this.#sleepers.filter((s) => s.at > this.#now);
      for (const sleeper of due) sleeper.wake();
      this.#run();
    });
  }
}
