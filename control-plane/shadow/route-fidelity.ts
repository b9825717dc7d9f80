import { agreement, corrected, type Estimate, weighted } from './agreement.ts';
import type { ComparedRoute } from './mirror-routes.ts';

/** Counts of the mirror filter's comparisons: answers of the shadow held against production's, and against each other. */
export interface Comparisons {
  readonly compared: number;
  /** Of `compared`: another status. */
  readonly statusMismatch: number;
  /** Of those with one status: another structure. */
  readonly digestMismatch: number;
  /** Requests that were sent to the shadow twice, both answered. */
  readonly noiseCompared: number;
  /** Of those: another status, or another structure. */
  readonly noiseMismatch: number;
}

export const noComparisons: Comparisons = {
  compared: 0,
  statusMismatch: 0,
  digestMismatch: 0,
  noiseCompared: 0,
  noiseMismatch: 0,
};

/** How far the shadow answers one route as production does. All numbers but the counts are shares, 0..1. */
export interface RouteFidelity {
  readonly route: string;
  readonly compared: number;
  /** Share with production's status; absent before {@link ENOUGH} answers. */
  readonly status?: number;
  /** Of those with one status, the share with one structure (what is not JSON has none to differ in). */
  readonly structure?: number;
  /** Requests sent twice whose answers were held against each other. */
  readonly pairs: number;
  /** Share of these pairs that differ: says nothing of the shadow. Absent before {@link ENOUGH_PAIRS}. */
  readonly noiseFloor?: number;
  /** Share of answers that the shadow does not differ in by itself: agreement corrected by the noise floor. */
  readonly score?: number;
  /** 95% of the score. */
  readonly interval?: readonly [number, number];
  /** Why there is no score, or what it leaves out. */
  readonly note?: string;
}

/** Comparisons below which a score says nothing. */
export const ENOUGH = 50;
/** Pairs below which a noise floor says nothing: with none that differs, the true floor may be 11% still. */
export const ENOUGH_PAIRS = 30;

const answersOf = (c: Comparisons) => ({ compared: c.compared, differing: c.statusMismatch + c.digestMismatch });
const pairsOf = (c: Comparisons) => ({ compared: c.noiseCompared, differing: c.noiseMismatch });

/** What the comparisons of a route say of it, see `agreement.ts` for the formulas. Undefined where nothing was compared. */
export function routeFidelity({ name, twice }: ComparedRoute, c: Comparisons): RouteFidelity | undefined {
  if (c.compared === 0) return undefined;
  const base = { route: name, compared: c.compared, pairs: c.noiseCompared };
  if (c.compared < ENOUGH) return { ...base, note: `too few: ${c.compared} answers compared of ${ENOUGH}` };
  const sameStatus = c.compared - c.statusMismatch;
  const seen = {
    ...base,
    status: sameStatus / c.compared,
    ...(sameStatus > 0 ? { structure: 1 - c.digestMismatch / sameStatus } : {}),
  };
  const scored = ({ value, low, high }: Estimate) => ({ score: value, interval: [low, high] as const });
  if (!twice)
    return { ...seen, ...scored(agreement(answersOf(c))), note: 'never sent twice: not corrected by a noise floor' };
  if (c.noiseCompared < ENOUGH_PAIRS)
    return { ...seen, note: `too few: ${c.noiseCompared} sent twice of ${ENOUGH_PAIRS} for the noise floor` };
  const floor = { ...seen, noiseFloor: c.noiseMismatch / c.noiseCompared };
  const score = corrected(answersOf(c), pairsOf(c));
  return score ? { ...floor, ...scored(score) } : { ...floor, note: 'the shadow never answers the same twice' };
}

/** Worst first: by score, then those without one, the most compared first. */
export const worstFirst = (a: RouteFidelity, b: RouteFidelity): number =>
  (a.score ?? 2) - (b.score ?? 2) || b.compared - a.compared || (a.route < b.route ? -1 : 1);

/**
 * One number for the application: its routes' corrected scores, weighted by what was compared. A route whose noise floor is not
 * known (yet) counts uncorrected, which can only be lower. Undefined before {@link ENOUGH} answers in all.
 */
export function overall(counts: readonly Comparisons[]): Estimate | undefined {
  const parts = counts
    .filter((c) => c.compared > 0)
    .flatMap((c) => {
      const of = c.noiseCompared < ENOUGH_PAIRS ? agreement(answersOf(c)) : corrected(answersOf(c), pairsOf(c));
      return of ? [{ of, weight: c.compared }] : [];
    });
  return parts.reduce((sum, p) => sum + p.weight, 0) < ENOUGH ? undefined : weighted(parts);
}
