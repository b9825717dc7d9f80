import type { Policy } from '../../mesh/policy.ts';
import { type Candidate, candidatesOf } from '../candidates.ts';
import { optionsOf, plainAdvantages } from './rollouts.ts';
import { type Situation, trialWindows } from './situation.ts';

/** Decides in a situation: a candidate, or undefined to wait a window. */
export type Player = (situation: Situation) => Promise<Candidate | undefined>;

/** Windows an evaluated incident is played. */
export const PLAYED = 20;

export interface Played {
  /** Mean value per window. */
  readonly value: number;
  readonly steps: number;
}

/** Plays an incident to its end: up to four steps, each with its trial; it waits `patience` windows where it does not act. */
export async function play(situation: Situation, player: Player, patience = 1): Promise<Played> {
  let left = PLAYED;
  let sum = 0;
  let steps = 0;
  while (left > 0) {
    const chosen = steps < 4 ? await player(situation) : undefined;
    if (chosen) {
      situation.act(chosen);
      steps++;
    }
    const windows = steps >= 4 ? left : Math.min(left, chosen ? trialWindows(chosen.action) : patience);
    sum += situation.run(windows, true);
    left -= windows;
  }
  return { value: sum / PLAYED, steps };
}

export const doNothing: Player = async () => undefined;

/** Acts on the best lower bound of a policy above a threshold. */
export function byPolicy(policy: Policy, threshold: number): Player {
  return async (situation) => {
    const context = situation.context();
    const best = (await policy.score(context)).find((s) => s.masked === undefined && s.action.do !== 'wait');
    if (!best || best.lower <= threshold) return undefined;
    const wanted = JSON.stringify(best.action);
    return candidatesOf(context).find((c) => JSON.stringify(c.action) === wanted);
  };
}

/**
 * Looks one step ahead in the true simulation and takes what gains most: no policy can know that much, so it stands for what
 * could be had.
 */
export const lookAhead: Player = async (situation) => {
  const { candidates } = optionsOf(situation);
  const advantages = plainAdvantages(situation, candidates);
  let best: Candidate | undefined;
  let value = 0.01;
  candidates.forEach((c, i) => {
    if (advantages[i]! > value) {
      value = advantages[i]!;
      best = c;
    }
  });
  return best;
};
