import type { Pattern } from '../mesh/record.ts';

/** A pattern tried no more than once is forgotten when it was not seen for so long, */
const UNSEEN_MS = 30 * 24 * 3600_000;
/** or when there are so many newer ones of its sort. */
const KEPT = 1000;
/** Forgotten at a time, so that nobody waits for it. */
const AT_A_TIME = 100;

/**
 * Candidates that grow with every chance name of a trouble and are worth nothing: tried no more than once, and long ago or one of
 * too many. The oldest, a portion at a time. What is trusted, retired or was tried again is never among them.
 */
export function forgettable(patterns: readonly Pattern[], now: number): Pattern[] {
  return patterns
    .filter((p) => p.status === 'candidate' && p.trials <= 1)
    .sort((a, b) => b.lastSeen - a.lastSeen)
    .filter((p, newer) => newer >= KEPT || now - p.lastSeen > UNSEEN_MS)
    .slice(-AT_A_TIME);
}
