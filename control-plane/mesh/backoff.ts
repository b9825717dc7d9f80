const FIRST_MS = 500;
const MOST_MS = 10_000;
/** What ran this long starts again without memory of earlier failures. */
const FORGIVEN_MS = 30_000;

/** Milliseconds to wait after the `failures`-th failure in a row (1 = first): 0.5 s, doubling, at most `mostMs`. */
export function backoffMs(failures: number, mostMs = MOST_MS): number {
  return Math.min(mostMs, FIRST_MS * 2 ** Math.max(0, failures - 1));
}

/** Failures in a row after what ran for `ranMs` ended. */
export function failuresAfter(before: number, ranMs: number): number {
  return ranMs >= FORGIVEN_MS ? 1 : before + 1;
}
