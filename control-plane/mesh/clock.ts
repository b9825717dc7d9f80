/**
 * Time as a world sees it. Simulation runs faster than the wall, so nothing outside this file and the program's entry
 * points may call `Date.now()` or `setTimeout` for domain time (test/architecture.test.ts checks `Date.now`).
 */
export interface Clock {
  /** Milliseconds since the Unix epoch on this world's clock. */
  now(): number;
  /** Resolves after `ms` of this world's time; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

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
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};
