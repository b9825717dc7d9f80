import { median } from '../lib/stats.ts';

/** Values of one measure, one a round, in the rounds' order. */
export type Rounds = readonly number[];

/** How many times larger the larger of two values is. */
const apart = (a: number, b: number) => Math.max(a, b) / Math.min(a, b);

/**
 * How far two contenders that do the same are apart though they should not be: the ratio of their values in the same round, ≥ 1,
 * in the median of rounds, so that one bad round does not excuse everything. A median ratio that is no larger is within noise.
 */
export const noiseOf = (a: Rounds, b: Rounds): number => median(a.map((value, i) => apart(value, b[i]!)));

/** Ratios to a base by round, so that slow drifts of the machine cancel. */
export const ratios = (values: Rounds, base: Rounds): number[] => values.map((value, i) => value / base[i]!);
