/**
 * Time as a world sees it. Simulation runs faster than the wall, so nothing outside this file and the program's entry
 * points may call `Date.now()` or `setTimeout` for domain time (test/architecture.test.ts checks `Date.now`).
 */
export interface Clock {
  /** Milliseconds since the Unix epoch on this world's clock. */
  now(): number;
  /** Resolves after `ms` of this world's time, however long; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A timer of Node's holds no more, 24.8 days; with more it fires at once. */
export const MOST_MS = 2 ** 31 - 1;

/** The machine's own clock. */
export const wallClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal!.reason);
      };
      let timer: ReturnType<typeof setTimeout>;
      const wait = (left: number) => {
        if (left > MOST_MS) {
          timer = setTimeout(() => wait(left - MOST_MS), MOST_MS);
          return;
        }
        timer = setTimeout(() => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        }, left);
      };
      wait(ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};
