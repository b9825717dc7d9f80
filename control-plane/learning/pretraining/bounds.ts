import type { Rng } from '../../mesh/rng.ts';
import type { Outcome } from '../calibration.ts';
import { type Source, situationFor } from './collect.ts';
import type { RawModel } from './model.ts';
import { optionsOf, policyAdvantages } from './rollouts.ts';

/**
 * What became of the model's favourites in fresh situations: the outcomes its bounds are calibrated on. Favourites, not any
 * candidate: choosing the highest of many estimates picks the ones that are too high.
 */
export async function favouriteOutcomes(
  model: RawModel,
  rng: Rng,
  situations: number,
  source?: Source,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let k = 0; k < situations; k++) {
    const situation = await situationFor(rng, model.mean, source);
    const options = optionsOf(situation);
    if (options.candidates.length === 0) continue;
    const { mean, spread } = await model.both(options.x, options.candidates.length);
    const top = [...mean.keys()].sort((a, b) => mean[b]! - mean[a]!).slice(0, 2);
    const truths = await policyAdvantages(
      situation,
      top.map((i) => options.candidates[i]!),
      model.mean,
    );
    top.forEach((i, j) => {
      outcomes.push({ mean: mean[i]!, spread: spread[i]!, truth: truths[j]! });
    });
  }
  return outcomes;
}
