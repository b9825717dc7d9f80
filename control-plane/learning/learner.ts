import { UmbraError } from '../mesh/errors.ts';
import { type Action, describeAction } from '../mesh/mitigation.ts';
import type { DecisionContext } from '../mesh/policy.ts';
import { refinedVersion } from '../mesh/policy-version.ts';
import type { Rng } from '../mesh/rng.ts';
import { calibrate, type Outcome } from './calibration.ts';
import { candidatesOf } from './candidates.ts';
import type { PolicyCard } from './card.ts';
import { compare, defaultGate, type Estimate, type Gate, passes } from './evaluation.ts';
import { FEATURE_COUNT, matrixOf } from './features/features.ts';
import { viewOf } from './features/view.ts';
import { inferenceModel } from './onnx/inference-graph.ts';
import { normaliseRow } from './onnx/network.ts';
import { readModel } from './onnx/read.ts';
import { type Batch, Trainer } from './onnx/trainer.ts';
import { type Experienced, ReplayBuffer } from './replay.ts';
import { loadPolicy, type ModelPolicy } from './session.ts';

/** A step tried in the shadow; what the chaos loop's experience holds. */
export interface TriedStep {
  readonly context: DecisionContext;
  readonly action: Action;
  readonly probability: number;
  /** Measured advantage over waiting, shares of goodput (−1..1). */
  readonly advantage: number;
}

export interface LearnerStatus {
  readonly trainingSteps: number;
  /** Of the newest training; undefined before the first. */
  readonly loss: number | undefined;
  readonly experiences: number;
  readonly promotions: number;
  readonly policyVersion: string;
  /** Why the newest refinement did not take over, or undefined. */
  readonly held: string | undefined;
}

export interface LearnerOptions {
  readonly model: Uint8Array;
  readonly card: PolicyCard;
  readonly rng: Rng;
  readonly gate?: Gate;
  readonly capacity?: number;
}

/**
 * Policies it gives are asked by it as well: none is to be closed while it goes on learning. One that was replaced is freed with
 * whoever asks it last, an episode that began with it, say: onnxruntime frees a session that nobody holds.
 */
export interface Learner {
  /** Takes steps in; those whose action is not among the context's candidates or whose numbers are odd are left out. Returns how many were taken. */
  add(steps: readonly TriedStep[]): Promise<number>;
  /** Runs training steps over what is remembered; 0 where there is too little. Returns the steps run. */
  train(steps: number): Promise<number>;
  /**
   * Offers what was learned: a new policy where a doubly robust estimate on experiences it never learned from says it is not
   * worse than the one in force, else undefined (the reason is in the status).
   */
  refine(): Promise<ModelPolicy | undefined>;
  /**
   * Goes on from another model, one specialised on the application, say: it takes over unless what was tried so far says that
   * it is worse; little evidence is no objection, since it has proved itself elsewhere. Undefined where it is held back.
   * @throws UMB0601 where the model cannot be read
   */
  rebase(model: Uint8Array, card: PolicyCard): Promise<ModelPolicy | undefined>;
  status(): LearnerStatus;
  close(): Promise<void>;
}

/** Fewer experiences than this are not trained on. */
const LEAST = 8;
const RATE = 3e-4;
/** Rows of a batch: real outcomes, and rows held where the starting policy had them. */
const REAL = 32;
const ANCHORS = 96;
/** Outcomes without which bounds stay as they were. */
const BOUNDS = 20;

/**
 * Refines a policy by what was tried in the shadow. Each batch mixes measured outcomes with rows of the same decisions that
 * were not tried, held at what the starting policy thought of them: some hundred experiences may correct it, not replace it.
 * @throws UMB0601 where the model cannot be read
 */
export async function createLearner(options: LearnerOptions): Promise<Learner> {
  const { rng } = options;
  let { parts, card, start, trainer } = await baseOf(options.model, options.card);
  const replay = new ReplayBuffer(options.capacity ?? 2000, rng);
  const outcomes: Outcome[] = [];
  let inForce = start;
  let promotions = 0;
  let stepsBefore = 0;
  let loss: number | undefined;
  let held: string | undefined;
  let trainedSince = 0;

  async function take(step: TriedStep): Promise<boolean> {
    if (!Number.isFinite(step.advantage) || !Number.isFinite(step.probability)) return false;
    const candidates = candidatesOf(step.context).filter((c) => c.masked === undefined);
    const { x, rows } = matrixOf(viewOf(step.context), candidates);
    const wanted = describeAction(step.action);
    const tried = rows.findIndex((i) => describeAction(candidates[i]!.action) === wanted);
    if (tried < 0 && step.action.do !== 'wait') return false;
    const { mean, spread } = await start.raw(x, rows.length);
    const advantage = Math.max(-1, Math.min(1, step.advantage));
    replay.add({ rows: x.slice(), tried, probability: step.probability, advantage, prior: mean.slice() });
    if (tried >= 0) outcomes.push({ mean: mean[tried]!, spread: spread[tried]!, truth: advantage });
    if (outcomes.length > 500) outcomes.shift();
    return true;
  }

  const batch = (): Batch => {
    const size = REAL + ANCHORS;
    const features = new Float32Array(size * FEATURE_COUNT);
    const target = new Float32Array(size);
    const weight = new Float32Array(card.shape.members * size);
    for (let k = 0; k < size; k++) {
      const e = rng.pick(replay.learned);
      const real = k < REAL && e.tried >= 0;
      if (e.prior.length === 0) continue;
      const row = real ? e.tried : rng.below(e.prior.length);
      if (!real && row === e.tried) continue;
      normaliseRow(e.rows, row, parts.normalisation, features, k);
      target[k] = real ? e.advantage : e.prior[row]!;
      for (let m = 0; m < card.shape.members; m++) weight[m * size + k] = real && rng.chance(0.4) ? 0 : 1;
    }
    return { features, target, weight };
  };

  const policyOf = async (version: string): Promise<ModelPolicy> => {
    const bytes = inferenceModel(parts.shape, trainer.parameters, parts.normalisation);
    const calibration = outcomes.length >= BOUNDS ? wider(card.calibration, outcomes) : card.calibration;
    return loadPolicy(bytes, { ...card, version, calibration });
  };

  /** What was tried so far says that `candidate` is worse than what is in force, by more than one standard error. */
  const objectionTo = async (candidate: ModelPolicy): Promise<string | undefined> => {
    const e = await estimate(replay.heldOut, candidate, inForce);
    const worse = e.effective >= (options.gate ?? defaultGate).effective && e.difference + e.error < 0;
    return worse ? `it is worse by ${(-e.difference).toFixed(3)} ± ${e.error.toFixed(3)}` : undefined;
  };

  let last: Promise<unknown> = Promise.resolve();
  /** Turns `work` into work that waits for what was asked before: another model must not come in the middle of a training. */
  const inTurn =
    <A extends unknown[], T>(work: (...args: A) => Promise<T>) =>
    (...args: A): Promise<T> => {
      const done = last.then(() => work(...args));
      last = done.catch(() => {});
      return done;
    };

  return {
    add: inTurn(async (steps) => {
      let taken = 0;
      for (const step of steps) if (await take(step)) taken++;
      return taken;
    }),
    train: inTurn(async (steps) => {
      if (replay.learned.length < LEAST) return 0;
      for (let i = 0; i < steps; i++) {
        const l = await trainer.step(batch(), RATE);
        loss = loss === undefined ? l : 0.95 * loss + 0.05 * l;
      }
      trainedSince += steps;
      return steps;
    }),
    refine: inTurn(async () => {
      if (trainedSince === 0 || replay.heldOut.length === 0) {
        held = 'too little was tried yet';
        return undefined;
      }
      const candidate = await policyOf(refinedVersion(card.version, trainer.steps));
      const verdict = passes(await estimate(replay.heldOut, candidate, inForce), options.gate ?? defaultGate);
      if (verdict !== true) {
        held = verdict;
        await candidate.close();
        return undefined;
      }
      held = undefined;
      trainedSince = 0;
      promotions++;
      inForce = candidate;
      return candidate;
    }),
    rebase: inTurn(async (model, nextCard) => {
      const base = await baseOf(model, nextCard);
      const objection = await objectionTo(base.start);
      if (objection !== undefined) {
        held = objection;
        await base.trainer.close();
        await base.start.close();
        return undefined;
      }
      stepsBefore += trainer.steps;
      await trainer.close();
      if (start !== inForce) await start.close();
      ({ parts, card, start, trainer } = base);
      for (const e of [...replay.learned, ...replay.heldOut]) {
        const { mean } = await start.raw(e.rows, e.prior.length);
        e.prior.set(mean);
      }
      outcomes.length = 0;
      held = undefined;
      trainedSince = 0;
      promotions++;
      inForce = start;
      return start;
    }),
    status: () => ({
      trainingSteps: stepsBefore + trainer.steps,
      loss,
      experiences: replay.seen,
      promotions,
      policyVersion: inForce.version,
      held,
    }),
    close: inTurn(async () => {
      await trainer.close();
      await start.close();
    }),
  };
}

/** What a refinement starts from. */
async function baseOf(model: Uint8Array, card: PolicyCard) {
  const parts = readModel(model, card.shape);
  if (typeof parts === 'string') throw new UmbraError('UMB0601', parts);
  const start = await loadPolicy(model, card);
  const trainer = await Trainer.open(parts.shape, parts.parameters, { decay: 0 });
  return { parts, card, start, trainer };
}

/** Real outcomes may widen the bounds the simulation gave, never narrow them below it by half. */
function wider(before: PolicyCard['calibration'], outcomes: readonly Outcome[]): PolicyCard['calibration'] {
  const now = calibrate(outcomes, before.alpha);
  return { ...now, scale: Math.max(now.scale, before.scale / 2) };
}

/** Off-policy estimate of `candidate` against `incumbent` on logged decisions. */
export async function estimate(
  logged: readonly Experienced[],
  candidate: ModelPolicy,
  incumbent: ModelPolicy,
): Promise<Estimate> {
  const opinions = async (p: ModelPolicy) => {
    const out: { mean: Float32Array; choice: number }[] = [];
    for (const e of logged) {
      const { mean } = await p.raw(e.rows, e.prior.length);
      let choice = -1;
      let best = 0;
      mean.forEach((v, i) => {
        if (v > best) {
          best = v;
          choice = i;
        }
      });
      out.push({ mean, choice });
    }
    return out;
  };
  const [a, b] = [await opinions(candidate), await opinions(incumbent)];
  return compare(
    logged,
    (_, i) => a[i]!,
    (_, i) => b[i]!,
  );
}
