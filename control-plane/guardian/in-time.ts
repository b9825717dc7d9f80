import type { Clock } from '../mesh/clock.ts';

/** What the promise gives, or undefined where that takes longer than `ms`; then it goes on by itself. */
export async function inTime<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | undefined> {
  const patience = new AbortController();
  const late = clock.sleep(ms, patience.signal).then(
    () => undefined,
    () => undefined,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    patience.abort();
  }
}
