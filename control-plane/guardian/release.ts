import type { MitigationLease } from '../mesh/lease.ts';

export interface ReleaseOptions {
  /** Quiet time after recovery before the first try. */
  readonly quietMs?: number;
  /** Between two removals that went well. */
  readonly gapMs?: number;
  readonly maxMs?: number;
}

/**
 * When to try taking a mitigation back after recovery. A mitigation hides the trouble it heals, so the only way to learn that it
 * is no longer needed is to remove it for a trial and put it back at once when users notice. Each such probe that fails doubles
 * the wait; while the origin still shows symptoms a probe is not worth its cost and waits four times as long.
 */
export interface Release {
  /** Recovery (or a restart with leases in force): the quiet time begins. */
  start(now: number): void;
  /** Whether it is time for a try. */
  due(now: number, stillIll: boolean): boolean;
  /** The lease to try without, the youngest first; undefined where there is none. `own` is oldest first. */
  next(own: readonly MitigationLease[]): MitigationLease | undefined;
  succeeded(now: number): void;
  failed(now: number): void;
}

export function createRelease(options: ReleaseOptions = {}): Release {
  const quiet = options.quietMs ?? 60_000;
  const gap = options.gapMs ?? 5_000;
  const most = options.maxMs ?? 15 * 60_000;
  let delay = quiet;
  let due = Number.POSITIVE_INFINITY;
  /** Which of the leases is next, counted from the youngest: after a failure another one gets its turn. */
  let turn = 0;
  return {
    start(now) {
      delay = quiet;
      due = now + delay;
      turn = 0;
    },
    due: (now, stillIll) => now >= due + (stillIll ? 3 * delay : 0),
    next: (own) => own[own.length - 1 - (turn % own.length)],
    succeeded(now) {
      due = now + gap;
    },
    failed(now) {
      delay = Math.min(most, delay * 2);
      due = now + delay;
      turn++;
    },
  };
}
