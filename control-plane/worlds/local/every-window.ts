import type { Clock } from '../../mesh/clock.ts';

/** A window ends so long after the push it is kept in step with, ms: a push may be that late and still be of it. */
const MARGIN_MS = 150;
/** By how much a window is longer or shorter than others at most, to come into step, ms. */
const STEP_MS = 25;

/**
 * Calls back at the end of each window until the signal aborts. A call that comes late does not move those after it; a clock
 * that was set back delays the next by a window at most. Windows are kept in step with pushes, which come once a window:
 * where one ends just before a push, what users suffer is seen a whole window late.
 *
 * @param end gives how long ago the push was, ms; undefined = there was none
 */
export async function everyWindow(
  clock: Clock,
  windowMs: number,
  signal: AbortSignal,
  end: () => number | undefined,
): Promise<void> {
  let next = clock.now() + windowMs;
  for (;;) {
    try {
      await clock.sleep(Math.max(0, next - clock.now()), signal);
    } catch {
      return;
    }
    const now = clock.now();
    const due = Math.max(next + windowMs, now + windowMs / 2);
    // A timer may be a little early: that is no clock set back.
    next = (due - now > 1.5 * windowMs ? now + windowMs : due) - outOfStep(end(), windowMs);
  }
}

/** How much later than it should the window ended, or earlier (below 0), ms; at most a step. */
function outOfStep(age: number | undefined, windowMs: number): number {
  if (age === undefined) return 0;
  const late = ((age - MARGIN_MS + 1.5 * windowMs) % windowMs) - windowMs / 2;
  return Math.max(-STEP_MS, Math.min(STEP_MS, late));
}
