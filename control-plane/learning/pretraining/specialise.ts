import { UmbraError } from '../../mesh/errors.ts';
import { specialisedVersion } from '../../mesh/policy-version.ts';
import { rngOf } from '../../mesh/rng.ts';
import type { HealthyState } from '../../mesh/snapshot.ts';
import type { Topology } from '../../mesh/topology.ts';
import { fitSpec } from '../../worlds/simulated/fit.ts';
import { calibrate } from '../calibration.ts';
import type { PolicyCard, Score } from '../card.ts';
import { readModel } from '../onnx/read.ts';
import { loadPolicy } from '../session.ts';
import { favouriteOutcomes } from './bounds.ts';
import { labelPolicy, type Source, situationFor } from './collect.ts';
import { Dataset } from './dataset.ts';
import { advantage, drawIncidents, playAll, scoresOf } from './evaluate.ts';
import { type Fitted, fit, modelOf, openFitted } from './model.ts';
import { byPolicy } from './play.ts';

export interface SpecialiseOptions {
  readonly model: Uint8Array;
  readonly card: PolicyCard;
  readonly topology: Topology;
  readonly healthy: HealthyState;
  readonly seed: number;
  /** Situations learned from, and incidents of the comparison: 300 and 40 take about a minute of one core. */
  readonly situations: number;
  readonly incidents: number;
  readonly progress?: (line: string) => void;
}

export interface Specialised {
  readonly model: Uint8Array;
  readonly card: PolicyCard;
  readonly before: Score;
  readonly after: Score;
}

/** How many standard errors it has to be better by. */
const SURE = 1;

/**
 * Trains a policy further on simulated meshes drawn around one application (its graph, rates and service times, ±25%). It keeps
 * a core busy: run it in a worker. Gives the new model only where it does better than the old on fresh incidents of such
 * meshes, by more than chance would have it, and no more harm; else undefined.
 * @throws UMB0601 where the model cannot be read
 */
export async function specialise(options: SpecialiseOptions): Promise<Specialised | undefined> {
  const { card, seed } = options;
  const parts = readModel(options.model, card.shape);
  if (typeof parts === 'string') throw new UmbraError('UMB0601', parts);
  const source: Source = (rng) => fitSpec(options.topology, options.healthy, rng);
  const start: Fitted = { ...parts, loss: 0, steps: 0 };
  const rng = rngOf(seed);
  const data = new Dataset();
  const raw = await openFitted(start);
  for (let k = 0; k < options.situations; k++) {
    await labelPolicy(await situationFor(rng, raw.mean, source), data, raw.mean, rng);
    if (k % 50 === 49) options.progress?.(`${k + 1} of ${options.situations} situations`);
  }
  await raw.close();
  if (data.rows === 0) return undefined;
  const fitted = await fit(data, { steps: Math.round(300 + data.rows / 16), seed, from: start, rate: 6e-4 });
  const opened = await openFitted(fitted);
  const outcomes = await favouriteOutcomes(opened, rngOf(seed + 1), Math.max(20, options.incidents), source);
  await opened.close();
  const next: PolicyCard = {
    ...card,
    version: specialisedVersion(card.version, seed),
    calibration: calibrate(outcomes, card.calibration.alpha),
    training: { ...card.training, specialised: { situations: data.groups, steps: fitted.steps, seed } },
  };
  const model = modelOf(fitted);
  const [old, fresh] = [await loadPolicy(options.model, card), await loadPolicy(model, next)];
  const incidents = drawIncidents(rngOf(seed + 2), options.incidents, (r) =>
    fitSpec(options.topology, options.healthy, r),
  );
  const games = await playAll(incidents, [
    { name: 'before', player: byPolicy(old, card.threshold) },
    { name: 'after', player: byPolicy(fresh, card.threshold) },
  ]);
  await Promise.all([old.close(), fresh.close()]);
  const [, before, after] = scoresOf(games);
  const gained = advantage(games.values[2]!, games.values[1]!);
  // Of two that are equally good either wins every other comparison: chance is no reason to leave what has proved itself.
  const better = gained.mean > SURE * gained.error && after!.harm <= before!.harm;
  return better ? { model, card: next, before: before!, after: after! } : undefined;
}
