import type { Rng } from '../../mesh/rng.ts';
import type { MeshSpec } from '../../worlds/simulated/spec.ts';
import { FEATURE_COUNT } from '../features/features.ts';
import type { Dataset } from './dataset.ts';
import { randomIncident } from './incidents.ts';
import { greedy, optionsOf, plainAdvantages, policyAdvantages, type Scorer, shortlist } from './rollouts.ts';
import { type Situation, trialWindows } from './situation.ts';

/** Where situations come from: random applications, or given ones. */
export type Source = (rng: Rng) => MeshSpec | undefined;

/**
 * A random situation in the middle of an incident: up to three steps were already taken, some at random, some as the policy
 * would (nothing but random where there is none yet), so that later steps and bad starts are learned from as well.
 */
export async function situationFor(rng: Rng, scorer: Scorer | undefined, source?: Source): Promise<Situation> {
  for (;;) {
    const situation = randomIncident(rng, source?.(rng));
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

/** Labels every candidate of a situation by its gain when nothing further is done. Returns whether anything helps. */
export function labelPlain(situation: Situation, data: Dataset, rng: Rng): boolean {
  const options = optionsOf(situation);
  const advantages = plainAdvantages(situation, options.candidates);
  const helps = advantages.some((a) => a > 0.03);
  // Where nothing helps, one in three is enough to learn it.
  if (helps || rng.chance(0.33)) data.add(options.x, advantages);
  return helps;
}

/** Labels a shortlist of candidates by their advantage under the policy: the best by either view, and some at random. */
export async function labelPolicy(situation: Situation, data: Dataset, scorer: Scorer, rng: Rng): Promise<boolean> {
  const options = optionsOf(situation);
  const n = options.candidates.length;
  if (n === 0) return false;
  const plain = plainAdvantages(situation, options.candidates);
  const scores = await scorer(options.x, n);
  const hopeless = plain.every((a) => a < 0.03) && scores.every((s) => s < 0.05);
  if (hopeless && !rng.chance(0.33)) return false;
  const few = shortlist([plain, scores], 10, 14, rng);
  const x = new Float32Array(few.length * FEATURE_COUNT);
  few.forEach((i, k) => {
    x.set(options.x.subarray(i * FEATURE_COUNT, (i + 1) * FEATURE_COUNT), k * FEATURE_COUNT);
  });
  const advantages = await policyAdvantages(
    situation,
    few.map((i) => options.candidates[i]!),
    scorer,
  );
  data.add(x, advantages);
  return true;
}
