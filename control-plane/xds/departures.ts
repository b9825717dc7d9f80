import type { Clock } from '../mesh/clock.ts';

/**
 * Asks each to leave, evenly over `spreadMs`, so that those who come back at once do not all come at the same moment.
 * Returns when the last was asked; all that are left are asked at once when the signal aborts.
 */
export async function depart<T>(
  all: Iterable<T>,
  spreadMs: number,
  leave: (one: T) => void,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const leaving = [...all];
  const start = clock.now();
  for (const [i, one] of leaving.entries()) {
    const wait = start + (i / leaving.length) * spreadMs - clock.now();
    // Timers are no finer than a millisecond.
    if (wait >= 1 && !signal.aborted) await clock.sleep(wait, signal).catch(() => {});
    leave(one);
  }
}
