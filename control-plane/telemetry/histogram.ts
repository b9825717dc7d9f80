/** Counts below ascending upper bounds, as Prometheus and Envoy give them: `counts[i]` = samples ≤ `bounds[i]`. */
export interface Buckets {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  /** All samples, those above the last bound too. */
  readonly total: number;
}

export const noSamples: Buckets = { bounds: [], counts: [], total: 0 };

/** Adds two histograms. Bounds that only one of them has take the other's count at its next lower bound. */
export function merge(a: Buckets, b: Buckets): Buckets {
  if (a.total === 0) return b;
  if (b.total === 0) return a;
  if (a.bounds.length === b.bounds.length && a.bounds.every((bound, i) => bound === b.bounds[i]))
    return { bounds: a.bounds, counts: a.counts.map((c, i) => c + b.counts[i]!), total: a.total + b.total };
  const bounds = [...new Set([...a.bounds, ...b.bounds])].sort((x, y) => x - y);
  return { bounds, counts: bounds.map((x) => countTo(a, x) + countTo(b, x)), total: a.total + b.total };
}

/** Samples known to be ≤ `bound`. */
function countTo(h: Buckets, bound: number): number {
  let known = 0;
  for (let i = 0; i < h.bounds.length && h.bounds[i]! <= bound; i++) known = h.counts[i]!;
  return known;
}

/**
 * The q-quantile (0..1), interpolated linearly within its bucket; 0 without samples. Above the last bound it is that bound.
 */
export function quantile(h: Buckets, q: number): number {
  if (h.total === 0) return 0;
  const rank = q * h.total;
  let below = 0;
  let from = 0;
  for (let i = 0; i < h.bounds.length; i++) {
    const count = h.counts[i]!;
    const to = h.bounds[i]!;
    if (count >= rank && count > below) return from + ((to - from) * (rank - below)) / (count - below);
    if (count > below) below = count;
    from = to;
  }
  return h.bounds.at(-1) ?? 0;
}
