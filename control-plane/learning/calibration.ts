import type { Calibration } from './card.ts';

/** A prediction of the model for something that was chosen, and what came of it. */
export interface Outcome {
  readonly mean: number;
  /** The ensemble's own spread, not calibrated. */
  readonly spread: number;
  readonly truth: number;
}

/** Spread below which the members' agreement is not believed. */
const FLOOR = 0.02;

/**
 * Split conformal: the scale such that at most `alpha` of new outcomes fall below mean − scale × √(spread² + floor²), if they
 * are drawn as these were (Vovk et al.; the (⌈(n+1)(1−α)⌉)-th smallest score). Too few outcomes give a wide bound, not a
 * narrow one.
 */
export function calibrate(outcomes: readonly Outcome[], alpha = 0.1): Calibration {
  const scores = outcomes
    .map((o) => (o.mean - o.truth) / Math.hypot(o.spread, FLOOR))
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const n = scores.length;
  const k = Math.ceil((n + 1) * (1 - alpha));
  const scale = n === 0 ? 3 : k > n ? Math.max(3, scores[n - 1]!) : scores[k - 1]!;
  return { scale: Math.max(0, scale), floor: FLOOR, alpha, samples: n };
}

/** Share of outcomes at or above their lower bound. */
export function coverage(outcomes: readonly Outcome[], c: Calibration): number {
  const held = outcomes.filter((o) => o.truth >= o.mean - c.scale * Math.hypot(o.spread, c.floor)).length;
  return outcomes.length > 0 ? held / outcomes.length : 1;
}
