import { backoffMs } from '../mesh/backoff.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Pulse } from './pulse.ts';

/** The longest pause between two attempts: a full disk is made room on by people. */
export const MOST_PAUSE_MS = 60_000;

/**
 * Attempts `work` until it succeeds or the signal aborts, with pauses that grow; windows are read on meanwhile.
 * @throws what reading windows throws
 */
export async function untilDone(
  work: () => Promise<unknown>,
  signal: AbortSignal,
  {
    pulse,
    clock,
    onFailure,
  }: { pulse: Pick<Pulse, 'during' | 'next'>; clock: Clock; onFailure: (error: Error) => void },
): Promise<void> {
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      await pulse.during(work());
      return;
    } catch (error) {
      if (signal.aborted) return;
      onFailure(error as Error);
    }
    const until = clock.now() + backoffMs(failures, MOST_PAUSE_MS);
    while (!signal.aborted && clock.now() < until) await pulse.next();
  }
}
