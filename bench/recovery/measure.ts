/** Goodput in one second, by the load generator's own count: the user's truth, not Umbra's. */
export interface Second {
  /** Start of the second, ms since the epoch. */
  readonly at: number;
  readonly offered: number;
  readonly good: number;
}

export interface Recovery {
  /** good ÷ offered in the ten seconds before onset. */
  readonly before: number;
  /** good ÷ offered while the trouble went on, as a share of `before`. */
  readonly during: number;
  /** The lowest three seconds while the trouble went on, as a share of `before`: how much it hurt. */
  readonly worst: number;
  /** Seconds from onset until goodput is back and stays. Infinity: never while the trouble went on. */
  readonly recoveredAfter: number;
}

const RECOVERED_SHARE = 0.9;
const HOLD = 5;

const ratio = (seconds: readonly Second[]): number => {
  const offered = seconds.reduce((n, s) => n + s.offered, 0);
  return offered === 0 ? 1 : seconds.reduce((n, s) => n + s.good, 0) / offered;
};

/**
 * Reads one run: `onset` and `end` of the trouble in ms since the epoch. Arrivals are random, so goodput is taken as good ÷
 * offered (what is offered does not depend on the answers: the load is open-loop). Recovered is the earliest second, itself at
 * 90% of before, from which both the next five seconds and all that is left of the trouble are at 90% of before.
 */
export function recovery(seconds: readonly Second[], onset: number, end: number): Recovery {
  const before = ratio(seconds.filter((s) => s.at >= onset - 10_000 && s.at + 1000 <= onset));
  const during = seconds.filter((s) => s.at + 500 >= onset && s.at + 1000 <= end).sort((a, b) => a.at - b.at);
  let worst = 1;
  for (let i = 0; i + 3 <= during.length; i++) worst = Math.min(worst, ratio(during.slice(i, i + 3)) / before);
  const back = (part: readonly Second[]) => ratio(part) >= before * RECOVERED_SHARE;
  let recoveredAfter = Number.POSITIVE_INFINITY;
  for (let i = 0; i + HOLD <= during.length; i++) {
    if (back(during.slice(i, i + 1)) && back(during.slice(i, i + HOLD)) && back(during.slice(i))) {
      recoveredAfter = Math.max(0, (during[i]!.at - onset) / 1000);
      break;
    }
  }
  return { before, during: ratio(during) / before, worst, recoveredAfter };
}
