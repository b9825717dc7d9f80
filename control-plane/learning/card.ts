import type { Shape } from './onnx/network.ts';

/** What makes the ensemble's spread an honest bound: lower = mean − scale × √(spread² + floor²). */
export interface Calibration {
  readonly scale: number;
  readonly floor: number;
  /** The share of outcomes that may fall below the lower bound. */
  readonly alpha: number;
  /** Outcomes it was fitted on. */
  readonly samples: number;
}

/** How one way of deciding did over the evaluation's incidents. */
export interface Score {
  readonly name: string;
  /** Share of what was lost and could be had back (by the best found) that was recovered; mean. */
  readonly recovered: number;
  /** Mean good ratio over the horizon. */
  readonly good: number;
  /** Share of incidents that ended worse than with no action, by more than a point. */
  readonly harm: number;
  /** Mean mitigations applied. */
  readonly steps: number;
}

/** The model's card: what it reads, what it offers, how it was made and how well it did. Plain JSON beside the model. */
export interface PolicyCard {
  readonly format: 1;
  readonly version: string;
  readonly features: readonly string[];
  /** Kinds of mitigation and the strengths it was trained on. */
  readonly actions: Readonly<Record<string, readonly number[]>>;
  readonly shape: Shape;
  readonly calibration: Calibration;
  /** The lower bound above which production may act, chosen on held-out incidents. */
  readonly threshold: number;
  readonly training: Readonly<Record<string, unknown>>;
  readonly scores: readonly Score[];
}
