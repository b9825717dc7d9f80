/** Values of one measure, one a round, in the rounds' order. */
export type Rounds = readonly number[];

/** How many times larger the larger of two values is. */
const apart = (a: number, b: number) => Math.max(a, b) / Math.min(a, b);

/**
 * How far two contenders that do the same are apart when they should not be: the largest ratio of their values in the same
 * round, ≥ 1. What is not further from either is within noise.
 */
export const noiseOf = (a: Rounds, b: Rounds): number => Math.max(...a.map((value, i) => apart(value, b[i]!)));

/** Ratios to a base by round, so that slow drifts of the machine cancel. */
export const ratios = (values: Rounds, base: Rounds): number[] => values.map((value, i) => value / base[i]!);
