import { describeAction } from '../../mesh/mitigation.ts';
import type { Rng } from '../../mesh/rng.ts';
import { endsOf } from '../../mesh/topology.ts';
import type { MeshSpec } from '../../worlds/simulated/spec.ts';
import type { Candidate } from '../candidates.ts';
import { FEATURE_COUNT } from '../features/features.ts';
import { viewOf } from '../features/view.ts';
import type { Dataset } from './dataset.ts';
import { elements, hardeningOf } from './hardening.ts';
import { randomIncident } from './incidents.ts';
import {
  greedy,
  type Options,
  optionsOf,
  plainAdvantages,
  policyAdvantages,
  type Scorer,
  shortlist,
} from './rollouts.ts';
import { type Situation, trialWindows } from './situation.ts';

/** Where situations come from: random applications, or given ones. */
export type Source = (rng: Rng) => MeshSpec | undefined;

/**
 * A random situation in the middle of an incident: up to three steps were already taken, some at random, some as the policy
 * would (nothing but random where there is none yet), so that later steps and bad starts are learned from as well.
 */
export async function situationFor(rng: Rng, scorer: Scorer | undefined, source?: Source): Promise<Situation> {
  for (;;) {
    const names = rng.chance(0.15) ? Object.keys(elements).filter(() => rng.chance(0.5)) : [];
    const situation = randomIncident(rng, source?.(rng), names.length > 0 ? hardeningOf(names) : undefined);
    if (!situation) continue;
    const steps = rng.pick([0, 0, 0, 1, 1, 2, 3]);
    for (let k = 0; k < steps; k++) {
      const options = optionsOf(situation);
      if (options.candidates.length === 0) break;
      const chosen = scorer && rng.chance(0.6) ? (await greedy([options], scorer))[0] : rng.pick(options.candidates);
      if (!chosen) break;
      situation.act(chosen);
      situation.run(trialWindows(chosen.action), true);
    }
    return situation;
  }
}

/** Candidates far from where it hurts are mostly alike: this many of them, drawn at random, are enough. */
const FAR = 16;

/**
 * Labels candidates of a situation by their gain when nothing further is done: all near the entry and the most blamed
 * services, a few of the rest. Returns whether anything helps.
 */
export function labelPlain(situation: Situation, data: Dataset, rng: Rng): boolean {
  const options = thinned(situation, rng);
  const advantages = plainAdvantages(situation, options.candidates);
  const helps = advantages.some((a) => a > 0.03);
  // Where nothing helps, one in three is enough to learn it.
  if (helps || rng.chance(0.33)) data.add(options.x, advantages);
  return helps;
}

/**
 * Labels as {@link labelPlain} does, and the best by either view and some at random by their advantage under the policy: both
 * are shares of goodput against waiting, and agree where one step is all there is to it.
 */
export async function labelPolicy(situation: Situation, data: Dataset, scorer: Scorer, rng: Rng): Promise<boolean> {
  const options = thinned(situation, rng, await favourites(situation, scorer));
  const n = options.candidates.length;
  if (n === 0) return false;
  const advantages = plainAdvantages(situation, options.candidates);
  const scores = await scorer(options.x, n);
  const hopeless = advantages.every((a) => a < 0.03) && scores.every((s) => s < 0.05);
  if (hopeless && !rng.chance(0.33)) return false;
  const few = shortlist([advantages, scores], 9, 8, rng);
  const closer = await policyAdvantages(
    situation,
    few.map((i) => options.candidates[i]!),
    scorer,
  );
  few.forEach((i, k) => {
    advantages[i] = closer[k]!;
  });
  data.add(options.x, advantages);
  return true;
}

/** The candidates the policy likes best: they are looked at wherever they are. */
async function favourites(situation: Situation, scorer: Scorer): Promise<ReadonlySet<string>> {
  const { candidates, x } = optionsOf(situation);
  const scores = await scorer(x, candidates.length);
  const order = [...candidates.keys()].sort((a, b) => scores[b]! - scores[a]!);
  return new Set(order.slice(0, 9).map((i) => describeAction(candidates[i]!.action)));
}

function thinned(situation: Situation, rng: Rng, liked: ReadonlySet<string> = new Set()): Options {
  const { candidates, x } = optionsOf(situation);
  const view = viewOf(situation.context());
  const suspects = new Set(
    [...view.services.values()]
      .sort((a, b) => b.blame - a.blame)
      .slice(0, 2)
      .map((s) => s.id),
  );
  const near = (c: Candidate): boolean => {
    if (c.action.do !== 'apply') return true;
    const { target } = c.action.mitigation;
    if ('service' in target) return suspects.has(target.service);
    const [, callee] = endsOf(target.edge);
    return target.edge === view.context.topology.entry || suspects.has(callee) || liked.has(describeAction(c.action));
  };
  const far = [...candidates.keys()].filter((i) => !near(candidates[i]!));
  const drawn = new Set(Array.from({ length: FAR }, () => rng.pick(far)));
  const kept = [...candidates.keys()].filter((i) => near(candidates[i]!) || drawn.has(i));
  const rows = new Float32Array(kept.length * FEATURE_COUNT);
  kept.forEach((i, k) => {
    rows.set(x.subarray(i * FEATURE_COUNT, (i + 1) * FEATURE_COUNT), k * FEATURE_COUNT);
  });
  return { candidates: kept.map((i) => candidates[i]!), x: rows };
}
