import { UmbraError } from '../mesh/errors.ts';
import { mitigationKinds } from '../mesh/mitigation.ts';
import type { Policy } from '../mesh/policy.ts';
import type { ScoredCandidate } from '../mesh/record.ts';
import { type Candidate, candidatesOf } from './candidates.ts';
import type { Calibration, PolicyCard } from './card.ts';
import { FEATURE_COUNT, featureNames, matrixOf } from './features/features.ts';
import { viewOf } from './features/view.ts';
import { INFERENCE } from './onnx/inference-graph.ts';
import { floats, openModel, tensor } from './onnx/runtime.ts';

/** The model's raw answers for a matrix of rows. */
export interface RawScores {
  readonly mean: Float32Array;
  readonly spread: Float32Array;
  /** [members, rows]. */
  readonly members: Float32Array;
}

/** A policy from an ONNX model; beside {@link Policy} it can be asked for raw scores and must be closed. */
export interface ModelPolicy extends Policy {
  readonly card: PolicyCard;
  /** The bytes it was opened from. */
  readonly model: Uint8Array;
  /** Scores `rows` rows of {@link FEATURE_COUNT} numbers each. @throws UMB0602 where the answer is not finite. */
  raw(x: Float32Array, rows: number): Promise<RawScores>;
  close(): Promise<void>;
}

/**
 * Opens a model with its card and proves that it answers.
 * @throws UMB0601 where the bytes are no model, the card's features or actions are not this version's, or the model answers
 *   anything but finite numbers of the right count. The static policy then decides.
 */
export async function loadPolicy(model: Uint8Array, card: PolicyCard): Promise<ModelPolicy> {
  checkCard(card);
  let session: Awaited<ReturnType<typeof openModel>>;
  try {
    session = await openModel(model);
  } catch (cause) {
    throw new UmbraError('UMB0601', `not an ONNX model (${(cause as Error).message})`, { cause });
  }
  const raw = async (x: Float32Array, rows: number): Promise<RawScores> => {
    if (rows === 0) return { mean: new Float32Array(0), spread: new Float32Array(0), members: new Float32Array(0) };
    const out = await session.run({ [INFERENCE.features]: tensor(x, [rows, FEATURE_COUNT]) });
    const scores = {
      mean: floats(out, INFERENCE.mean),
      spread: floats(out, INFERENCE.spread),
      members: floats(out, INFERENCE.members),
    };
    const sane =
      scores.mean.length === rows &&
      scores.spread.length === rows &&
      scores.mean.every(Number.isFinite) &&
      scores.spread.every((s) => Number.isFinite(s) && s >= 0) &&
      scores.members.every(Number.isFinite);
    if (!sane) throw new UmbraError('UMB0602', `${card.version} gave ${rows} rows something that is not finite`);
    return scores;
  };
  try {
    await raw(new Float32Array(3 * FEATURE_COUNT).fill(0.5), 3);
  } catch (cause) {
    await session.release();
    throw new UmbraError('UMB0601', (cause as Error).message, { cause });
  }
  return {
    version: card.version,
    card,
    model,
    raw,
    close: () => session.release(),
    score: async (context) => {
      const candidates = candidatesOf(context);
      const { x, rows } = matrixOf(viewOf(context), candidates);
      return rank(candidates, rows, await raw(x, rows.length), card.calibration);
    },
  };
}

function checkCard(card: PolicyCard): void {
  const wrong = (why: string) => new UmbraError('UMB0601', `its card does not fit this version: ${why}`);
  if (card?.format !== 1) throw wrong(`format ${card?.format}`);
  if (card.features?.length !== FEATURE_COUNT || card.features.some((n, i) => n !== featureNames[i]))
    throw wrong('it was trained on other features');
  const missing = Object.keys(mitigationKinds).filter((k) => !(k in (card.actions ?? {})));
  if (missing.length > 0) throw wrong(`it does not know ${missing.join(', ')}`);
  const { scale, floor } = card.calibration ?? {};
  if (!(Number.isFinite(scale) && Number.isFinite(floor) && scale >= 0 && floor >= 0)) throw wrong('no calibration');
}

/**
 * A mean above 1 promises more than all of goodput: what a model of advantages may say of a healing that would also save the
 * time after. It is shown as all of it; what is far beyond is left as it is, for the caller to see that the model is broken.
 */
const believable = (mean: number): number => (Math.abs(mean) <= 2.5 ? Math.max(-1, Math.min(1, mean)) : mean);

/** The calibrated spread of a raw one: what is to be subtracted from the mean for the lower bound. */
export function calibrated(spread: number, { scale, floor }: Calibration): number {
  return scale * Math.hypot(spread, floor);
}

/**
 * Best first by lower bound, masked ones last. `probability` is the share of the ensemble's members whose favourite a
 * candidate is: what sampling a member and acting greedily on it would choose with.
 */
export function rank(
  candidates: readonly Candidate[],
  rows: readonly number[],
  raw: RawScores,
  calibration: Calibration,
): ScoredCandidate[] {
  const votes = votesOf(candidates, rows, raw);
  const rowOf = new Map(rows.map((candidate, row) => [candidate, row]));
  const scored: ScoredCandidate[] = candidates.map(({ action, masked }, i) => {
    const row = rowOf.get(i) ?? -1;
    const mean = row < 0 ? 0 : believable(raw.mean[row]!);
    const spread = row < 0 ? 0 : calibrated(raw.spread[row]!, calibration);
    const base = { action, mean, spread, lower: mean - spread, probability: votes[i]! };
    return masked === undefined ? base : { ...base, masked };
  });
  return scored.sort((a, b) => Number(a.masked !== undefined) - Number(b.masked !== undefined) || b.lower - a.lower);
}

function votesOf(candidates: readonly Candidate[], rows: readonly number[], raw: RawScores): number[] {
  const votes = candidates.map(() => 0);
  const wait = candidates.findIndex((c) => c.action.do === 'wait');
  const members = rows.length > 0 ? raw.members.length / rows.length : 0;
  for (let m = 0; m < members; m++) {
    let best = wait;
    let value = 0;
    rows.forEach((candidate, row) => {
      const v = raw.members[m * rows.length + row]!;
      if (candidates[candidate]!.masked === undefined && v > value) {
        value = v;
        best = candidate;
      }
    });
    votes[best]! += 1 / members;
  }
  if (members === 0 && wait >= 0) votes[wait] = 1;
  return votes;
}
