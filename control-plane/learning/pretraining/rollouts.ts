import type { Rng } from '../../mesh/rng.ts';
import { type Candidate, candidatesOf } from '../candidates.ts';
import { FEATURE_COUNT, matrixOf } from '../features/features.ts';
import { viewOf } from '../features/view.ts';
import { type Situation, trialWindows } from './situation.ts';

/** Scores [n, FEATURE_COUNT] rows: expected advantage over waiting of each. */
export type Scorer = (x: Float32Array, rows: number) => Promise<Float32Array>;

/** Windows a rollout looks ahead, and the most further decisions in it. */
const HORIZON = 12;
const FURTHER = 2;
/** An advantage that small is not worth acting on. */
const WORTHWHILE = 0.02;

/** Candidates of a situation that may be chosen, without waiting, with their rows. */
export interface Options {
  readonly candidates: readonly Candidate[];
  readonly x: Float32Array;
}

export function optionsOf(situation: Situation): Options {
  const context = situation.context();
  const candidates = candidatesOf(context).filter((c) => c.masked === undefined && c.action.do !== 'wait');
  const { x, rows } = matrixOf(viewOf(context), candidates);
  return { candidates: rows.map((i) => candidates[i]!), x };
}

const waiting: Candidate = { action: { do: 'wait' } };

/** What each candidate would give over the horizon if nothing further were done: a mean value per window. */
function plainReturns(situation: Situation, candidates: readonly Candidate[]): Float64Array {
  return Float64Array.from(candidates, (c) => {
    const copy = situation.clone();
    copy.act(c);
    return copy.run(HORIZON, false) / HORIZON;
  });
}

interface Rollout {
  readonly situation: Situation;
  sum: number;
  left: number;
}

/** Windows of waiting every action is compared with: the usual trial. */
const WAIT = 3;

/**
 * The advantage of each candidate over waiting {@link WAIT} windows, if the policy goes on after its trial (after the wait),
 * in shares of goodput over the time waited: 1 = everything is healed at once by acting now. All rollouts go in step, so that
 * the policy scores them in one batch.
 */
export async function policyAdvantages(
  situation: Situation,
  candidates: readonly Candidate[],
  scorer: Scorer,
): Promise<Float64Array> {
  const begin = (c: Candidate, windows: number): Rollout => {
    const copy = situation.clone();
    copy.act(c);
    return { situation: copy, sum: copy.run(windows, true), left: HORIZON - windows };
  };
  const rollouts = [...candidates.map((c) => begin(c, trialWindows(c.action))), begin(waiting, WAIT)];
  for (let k = 0; k < FURTHER; k++) await goOn(rollouts, scorer, k === FURTHER - 1);
  const wait = rollouts.at(-1)!.sum;
  return Float64Array.from(candidates, (_, i) => (rollouts[i]!.sum - wait) / WAIT);
}

/** The advantage of each candidate over doing nothing at all, if nothing further is done: a mean share of goodput. */
export function plainAdvantages(situation: Situation, candidates: readonly Candidate[]): Float64Array {
  const none = plainReturns(situation, [waiting])[0]!;
  return plainReturns(situation, candidates).map((r) => r - none);
}

/** One further decision in every rollout that has time left. */
async function goOn(rollouts: readonly Rollout[], scorer: Scorer, last: boolean): Promise<void> {
  const open = rollouts.filter((r) => r.left > 0);
  const options = open.map((r) => optionsOf(r.situation));
  const best = await greedy(options, scorer);
  open.forEach((r, i) => {
    const c = best[i] ?? waiting;
    r.situation.act(c);
    const windows = last ? r.left : Math.min(r.left, c === waiting ? 2 : trialWindows(c.action));
    r.sum += r.situation.run(windows, !last);
    r.left -= windows;
  });
}

/** The policy's choice in each of several situations, scored in one batch; undefined = wait. */
export async function greedy(options: readonly Options[], scorer: Scorer): Promise<(Candidate | undefined)[]> {
  const rows = options.reduce((n, o) => n + o.candidates.length, 0);
  const x = new Float32Array(rows * FEATURE_COUNT);
  let at = 0;
  for (const o of options) {
    x.set(o.x, at * FEATURE_COUNT);
    at += o.candidates.length;
  }
  const scores = rows > 0 ? await scorer(x, rows) : new Float32Array(0);
  at = 0;
  return options.map((o) => {
    let best: Candidate | undefined;
    let value = WORTHWHILE;
    o.candidates.forEach((c, i) => {
      if (scores[at + i]! > value) {
        value = scores[at + i]!;
        best = c;
      }
    });
    at += o.candidates.length;
    return best;
  });
}

/** A few indexes worth a closer look: the best by each of the given scores, and some at random. */
export function shortlist(scores: readonly ArrayLike<number>[], each: number, random: number, rng: Rng): number[] {
  const n = scores[0]?.length ?? 0;
  const chosen = new Set<number>();
  for (const s of scores) {
    const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => s[b]! - s[a]!);
    for (const i of order.slice(0, each)) chosen.add(i);
  }
  for (let k = 0; k < random && n > 0; k++) chosen.add(rng.below(n));
  return [...chosen];
}
