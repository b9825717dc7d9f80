import type { Clock } from '../../mesh/clock.ts';

/**
 * Calls back at the end of each window until the signal aborts. A call that comes late does not move those after it; a clock
 * that was set back delays the next by a window at most.
 */
export async function everyWindow(clock: Clock, windowMs: number, signal: AbortSignal, end: () => void): Promise<void> {
  let next = clock.now() + windowMs;
  for (;;) {
    try {
      await clock.sleep(Math.max(0, next - clock.now()), signal);
    } catch {
      return;
    }
    const now = clock.now();
    const due = Math.max(next + windowMs, now + windowMs / 2);
    // A timer may be a little early, and windows keep in step with the proxies' pushes all the same.
    next = due - now > 1.5 * windowMs ? now + windowMs : due;
    end();
  }
}
