import type { Experienced } from './replay.ts';

/** What a policy makes of one logged decision. */
export interface Opinion {
  /** Expected advantage of each row. */
  readonly mean: ArrayLike<number>;
  /** The row it would choose; −1 = it would wait. */
  readonly choice: number;
}

export interface Estimate {
  /** Estimated advantage per decision of the first policy over the second. */
  readonly difference: number;
  /** Standard error of the difference. */
  readonly error: number;
  /** Effective sample size of the importance weights: how many logged decisions really speak about the first policy. */
  readonly effective: number;
  readonly decisions: number;
}

/** Weights above this are cut: one lucky rare choice must not decide. */
const MOST_WEIGHT = 10;
/** How far from deterministic a policy is taken to be: importance weights need some overlap. */
const SOFT = 0.05;

/**
 * Doubly robust off-policy estimate (Dudík et al. 2011) of one policy against another from logged decisions: the model's own
 * expectation, corrected by what was measured where the logged choice is the policy's, weighted by 1 ÷ its logged probability.
 * `q` are the expectations both are corrected from; those of the policy in force.
 */
export function compare(
  logged: readonly Experienced[],
  candidate: (e: Experienced, i: number) => Opinion,
  incumbent: (e: Experienced, i: number) => Opinion,
): Estimate {
  const differences: number[] = [];
  let sum = 0;
  let squares = 0;
  logged.forEach((e, i) => {
    const q = incumbent(e, i);
    const a = value(e, candidate(e, i).choice, q.mean);
    const b = value(e, q.choice, q.mean);
    differences.push(a.value - b.value);
    sum += a.weight;
    squares += a.weight * a.weight;
  });
  const n = differences.length;
  const mean = n > 0 ? differences.reduce((x, y) => x + y, 0) / n : 0;
  const variance = n > 1 ? differences.reduce((x, y) => x + (y - mean) ** 2, 0) / (n - 1) : Number.POSITIVE_INFINITY;
  return {
    difference: mean,
    error: n > 1 ? Math.sqrt(variance / n) : Number.POSITIVE_INFINITY,
    effective: squares > 0 ? (sum * sum) / squares : 0,
    decisions: n,
  };
}

function value(e: Experienced, choice: number, q: ArrayLike<number>): { value: number; weight: number } {
  const of = (row: number): number => (row < 0 ? 0 : (q[row] ?? 0));
  // Waiting is one of the options.
  const options = e.prior.length + 1;
  const chance = (row: number): number => (row === choice ? 1 - SOFT : 0) + SOFT / options;
  let expected = of(-1) * chance(-1);
  for (let row = 0; row < e.prior.length; row++) expected += of(row) * chance(row);
  const weight = Math.min(MOST_WEIGHT, chance(e.tried) / Math.max(1e-3, e.probability));
  return { value: expected + weight * (e.advantage - of(e.tried)), weight };
}

/** What a refined policy must show before it takes over. */
export interface Gate {
  readonly effective: number;
  /** How much worse it may be at one standard error below the estimate. */
  readonly slack: number;
}

export const defaultGate: Gate = { effective: 5, slack: 0.02 };

/** Whether the estimate says "not worse" and enough decisions speak for it; else the reason in words. */
export function passes(e: Estimate, gate: Gate = defaultGate): true | string {
  if (e.effective < gate.effective)
    return `only ${e.effective.toFixed(1)} effective decisions of ${e.decisions} speak about it; ${gate.effective} are needed`;
  const low = e.difference - e.error;
  return low >= -gate.slack || `it may be worse by ${(-low).toFixed(3)}`;
}
