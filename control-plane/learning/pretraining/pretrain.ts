import { type MitigationKind, mitigationKinds } from '../../mesh/mitigation.ts';
import { rngOf } from '../../mesh/rng.ts';
import { calibrate, coverage } from '../calibration.ts';
import type { PolicyCard, Score } from '../card.ts';
import { featureNames } from '../features/features.ts';
import { loadPolicy } from '../session.ts';
import { randomOrderPolicy, staticPolicy } from '../static-policy.ts';
import { favouriteOutcomes } from './bounds.ts';
import { labelPlain, labelPolicy, type Source, situationFor } from './collect.ts';
import { Dataset } from './dataset.ts';
import { type Contestant, drawIncidents, evaluate } from './evaluate.ts';
import { bestHardening, hardeningOf } from './hardening.ts';
import { type Fitted, fit, modelOf, openFitted, SHAPE } from './model.ts';
import { byPolicy, doNothing, lookAhead } from './play.ts';

export interface PretrainOptions {
  readonly seed: number;
  /** How much is done, as a number of situations; the rest follows from it. Deterministic, unlike a time. */
  readonly situations: number;
  /** Rounds of policy iteration after the first, plain one. */
  readonly rounds: number;
  /** Incidents of the evaluation. */
  readonly incidents: number;
  readonly source?: Source;
  readonly progress: (line: string) => void;
  /** Asked between situations: true = stop collecting and finish with what there is. */
  readonly enough?: (share: number) => boolean;
}

export interface Pretrained {
  readonly model: Uint8Array;
  readonly card: PolicyCard;
  /** For going on from here (refinement). */
  readonly fitted: Fitted;
}

/** Share of the effort that goes into plain labels; the rest is shared by the rounds. */
const PLAIN = 0.4;

/**
 * Rollout policy iteration in simulation: first every candidate is labelled by what it gains when nothing follows, then, round
 * by round, by its advantage over waiting when the policy of the round before goes on after it. Then bounds are calibrated on
 * what became of favourites in fresh situations, and the result is played against its peers.
 */
export async function pretrain(options: PretrainOptions): Promise<Pretrained> {
  const { progress, seed } = options;
  const rng = rngOf(seed);
  const data = new Dataset();
  const wanted = Math.round(options.situations * PLAIN);
  let helped = 0;
  for (let k = 0; k < wanted && !options.enough?.((PLAIN * k) / wanted); k++) {
    if (labelPlain(await situationFor(rng, undefined, options.source), data, rng)) helped++;
    if (k % 100 === 99) progress(`plain: ${k + 1} of ${wanted} situations, ${data.rows} rows, ${helped} can be helped`);
  }
  const stepsFor = (rows: number) => Math.round(Math.min(9000, 1000 + rows / 16));
  let fitted = await fit(data, {
    steps: stepsFor(data.rows),
    seed,
    progress: (step, loss) => progress(`plain: step ${step}, loss ${loss.toFixed(4)}`),
  });
  const oneStep = fitted;

  const each = Math.round((options.situations * (1 - PLAIN)) / Math.max(1, options.rounds));
  for (let round = 1; round <= options.rounds; round++) {
    const model = await openFitted(fitted);
    for (let k = 0; k < each; k++) {
      if (options.enough?.(PLAIN + ((1 - PLAIN) * (round - 1 + k / each)) / options.rounds)) break;
      await labelPolicy(await situationFor(rng, model.mean, options.source), data, model.mean, rng);
      if (k % 100 === 99) progress(`round ${round}: ${k + 1} of ${each} situations, ${data.rows} rows`);
    }
    await model.close();
    fitted = await fit(data, {
      steps: stepsFor(data.rows),
      seed: seed + round,
      from: fitted,
      rate: 1e-3,
      progress: (step, loss) => progress(`round ${round}: step ${step}, loss ${loss.toFixed(4)}`),
    });
  }
  return finish(options, fitted, oneStep, data);
}

async function finish(options: PretrainOptions, fitted: Fitted, oneStep: Fitted, data: Dataset): Promise<Pretrained> {
  const { progress, seed } = options;
  const raw = await openFitted(fitted);
  const outcomes = await favouriteOutcomes(raw, rngOf(seed + 1000), Math.max(10, options.incidents), options.source);
  await raw.close();
  const half = outcomes.length >> 1;
  const bounds = (alpha: number) => calibrate(outcomes.slice(0, half), alpha);
  const card = (caution: Caution, scores: Score[], f: Fitted = fitted, hardening?: readonly string[]): PolicyCard => ({
    format: 1,
    version: `sim-${seed}-${f.steps}`,
    features: featureNames,
    actions: Object.fromEntries(
      (Object.keys(mitigationKinds) as MitigationKind[]).map((k) => [k, mitigationKinds[k].strengths]),
    ),
    shape: SHAPE,
    calibration: bounds(caution.alpha),
    threshold: caution.threshold,
    training: {
      ...(hardening === undefined ? {} : { hardening }),
      how: 'rollout policy iteration in simulation on random applications; see the module pretraining',
      seed,
      rounds: options.rounds,
      situations: data.groups,
      rows: data.rows,
      steps: f.steps,
      loss: Number(f.loss.toFixed(5)),
      coverage: Number(coverage(outcomes.slice(half), bounds(caution.alpha)).toFixed(3)),
    },
    scores,
  });
  const model = modelOf(fitted);
  const caution = await chooseCaution(options, model, (c) => card(c, []));
  const policy = await loadPolicy(model, card(caution, []));
  const first = await loadPolicy(modelOf(oneStep), card(caution, [], oneStep));
  const source = options.source as Parameters<typeof drawIncidents>[2];
  const { threshold } = caution;
  const hardening = bestHardening(drawIncidents(rngOf(seed + 3000), Math.min(40, options.incidents), source));
  progress(
    `α ${caution.alpha}, threshold ${threshold}; best fixed configuration: ${hardening.names.join(' + ') || 'none'}`,
  );
  const contestants: Contestant[] = [
    { name: 'random order', player: byPolicy(randomOrderPolicy(rngOf(seed + 5).uniform), 0) },
    { name: 'static rules', player: byPolicy(staticPolicy, 0) },
    { name: 'best fixed configuration', player: doNothing, hardening: hardeningOf(hardening.names) },
    { name: 'one-step model', player: byPolicy(first, threshold) },
    { name: 'policy', player: byPolicy(policy, threshold) },
    {
      name: 'policy on the fixed configuration',
      player: byPolicy(policy, threshold),
      hardening: hardeningOf(hardening.names),
    },
    { name: 'looks ahead in the true simulation', player: lookAhead, patience: 4 },
  ];
  const scores = await evaluate(drawIncidents(rngOf(seed + 4000), options.incidents, source), contestants, (n) => {
    if (n % 50 === 0) progress(`evaluation: ${n} of ${options.incidents} incidents`);
  });
  await policy.close();
  await first.close();
  return { model, card: card(caution, scores, fitted, hardening.names), fitted };
}

/** How sure the policy must be: the share of outcomes that may fall below a bound, and the least bound acted on. */
interface Caution {
  readonly alpha: number;
  readonly threshold: number;
}

const cautions: readonly Caution[] = [0.1, 0.15, 0.2, 0.25].flatMap((alpha) =>
  [0.005, 0.02, 0.05].map((threshold) => ({ alpha, threshold })),
);

/** The caution that recovers most on incidents of its own, each incident harmed counted as one lost. */
async function chooseCaution(
  options: PretrainOptions,
  model: Uint8Array,
  card: (c: Caution) => PolicyCard,
): Promise<Caution> {
  const source = options.source as Parameters<typeof drawIncidents>[2];
  const incidents = drawIncidents(rngOf(options.seed + 2000), Math.min(100, options.incidents), source);
  const policies = await Promise.all(cautions.map((c) => loadPolicy(model, card(c))));
  const scores = await evaluate(
    incidents,
    policies.map((p, i) => ({ name: String(i), player: byPolicy(p, cautions[i]!.threshold) })),
  );
  await Promise.all(policies.map((p) => p.close()));
  for (const [i, s] of scores.slice(1).entries())
    options.progress(
      `α ${cautions[i]!.alpha} threshold ${cautions[i]!.threshold}: recovered ${s.recovered.toFixed(3)}, harm ${s.harm.toFixed(3)}`,
    );
  const worth = (s: Score) => s.recovered - s.harm;
  const best = scores.slice(1).reduce((a, b) => (worth(b) > worth(a) ? b : a));
  return cautions[Number(best.name)]!;
}
