import { mean, median } from '../lib/stats.ts';

/** Goodput in one second, by the load generator's own count: the user's truth, not Umbra's. */
export interface Second {
  /** Start of the second, ms since the epoch. */
  readonly at: number;
  readonly offered: number;
  readonly good: number;
}

export interface Recovery {
  /** Median good/s in the ten seconds before onset. */
  readonly before: number;
  /** Mean good/s while the trouble went on. */
  readonly during: number;
  /** Lowest three-second mean while the trouble went on, as a share of `before`: how much it hurt. */
  readonly worst: number;
  /** Seconds from onset until goodput is back and stays: the earliest t with mean ≥ 90% over the next 5 s and over all that is left of the trouble. Infinity: never. */
  readonly recoveredAfter: number;
}

export const RECOVERED_SHARE = 0.9;

/**
 * Reads one run: `onset` and `end` of the trouble in ms since the epoch. Recovery counts only while the trouble goes on, so at
 * least 5 s of it must be left.
 */
export function recovery(seconds: readonly Second[], onset: number, end: number): Recovery {
  const before = median(seconds.filter((s) => s.at >= onset - 10_000 && s.at + 1000 <= onset).map((s) => s.good));
  const during = seconds.filter((s) => s.at + 500 >= onset && s.at + 1000 <= end).sort((a, b) => a.at - b.at);
  const good = during.map((s) => s.good);
  let worst = 1;
  for (let i = 0; i + 3 <= good.length; i++) worst = Math.min(worst, mean(good.slice(i, i + 3)) / before);
  const floor = before * RECOVERED_SHARE;
  let recoveredAfter = Number.POSITIVE_INFINITY;
  for (let i = 0; i + 5 <= good.length; i++) {
    if (mean(good.slice(i, i + 5)) >= floor && mean(good.slice(i)) >= floor) {
      recoveredAfter = Math.max(0, (during[i]!.at - onset) / 1000);
      break;
    }
  }
  return { before, during: mean(good), worst, recoveredAfter };
}
