const FIRST_MS = 500;
const MOST_MS = 10_000;
/** A process that ran this long starts again without memory of earlier crashes. */
const FORGIVEN_MS = 30_000;

/** Milliseconds to wait before the `failures`-th restart in a row (1 = first): 0.5 s, doubling, at most 10 s. */
export function backoffMs(failures: number): number {
  return Math.min(MOST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1));
}

/** Failures in a row after a process that ran for `ranMs` ended. */
export function failuresAfter(before: number, ranMs: number): number {
  return ranMs >= FORGIVEN_MS ? 1 : before + 1;
}
