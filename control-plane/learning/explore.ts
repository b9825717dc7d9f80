import type { ScoredCandidate } from '../mesh/record.ts';
import type { Rng } from '../mesh/rng.ts';

export interface ChoiceOptions {
  /** `shadow` explores; `production` acts only on its lower bound. */
  readonly mode: 'shadow' | 'production';
  readonly rng: Rng;
  /** Production: the least lower bound that is acted on. */
  readonly threshold?: number;
  /** Shadow: the share of choices made evenly over all that is allowed. */
  readonly epsilon?: number;
}

export interface Choice {
  readonly chosen: ScoredCandidate;
  /** All candidates with the probability each had under this way of choosing: what off-policy estimates need. */
  readonly candidates: readonly ScoredCandidate[];
}

/**
 * Less goodput (share) than this is no reason to change production. Measured: on 150 simulated incidents it had not seen, with
 * the guardian's falling threshold and nothing taken back, the shipped policy harmed 31% without this bound, 11% with 0.02 and
 * 0.04, 7% with 0.1, and recovered 0.89, 0.96, 0.97 and 0.96 of the reachable goodput. It stays below 0.05: users count as well
 * again at 95%, and what is missing just before that must be worth a step.
 */
const WORTH = 0.04;
/** Evenly spread share of choices in the shadow. */
const EPSILON = 0.1;

/**
 * Chooses among scored candidates. In the shadow a member of the ensemble is sampled and its favourite taken, but with an
 * ε-floor: p = (1 − ε) × votes + ε ÷ allowed. In production the best lower bound at or above `threshold` is taken, if its mean
 * is worth a change, else waiting. Masked candidates are never chosen and have probability 0.
 */
export function choose(scored: readonly ScoredCandidate[], options: ChoiceOptions): Choice {
  const wait = scored.find((c) => c.action.do === 'wait') ?? waiting;
  const allowed = scored.filter((c) => c.masked === undefined);
  if (options.mode === 'production') {
    const threshold = options.threshold ?? 0;
    const best = allowed
      .filter((c) => c.action.do !== 'wait' && c.lower >= threshold && c.mean >= WORTH)
      .reduce<ScoredCandidate | undefined>((a, b) => (a && a.lower >= b.lower ? a : b), undefined);
    const chosen = { ...(best ?? wait), probability: 1 };
    return {
      chosen,
      candidates: scored.map((c) => (c.action === chosen.action ? chosen : { ...c, probability: 0 })),
    };
  }
  const epsilon = options.epsilon ?? EPSILON;
  const votes = allowed.reduce((sum, c) => sum + c.probability, 0);
  const candidates = scored.map((c) => {
    if (c.masked !== undefined) return { ...c, probability: 0 };
    const greedy = votes > 0 ? c.probability / votes : c.action.do === 'wait' ? 1 : 0;
    return { ...c, probability: (1 - epsilon) * greedy + epsilon / allowed.length };
  });
  let left = options.rng.uniform() * candidates.reduce((sum, c) => sum + c.probability, 0);
  for (const c of candidates) {
    left -= c.probability;
    if (left < 0 && c.probability > 0) return { chosen: c, candidates };
  }
  return { chosen: candidates.find((c) => c.action.do === 'wait') ?? wait, candidates };
}

const waiting: ScoredCandidate = { action: { do: 'wait' }, mean: 0, spread: 0, lower: 0, probability: 1 };
