import { signatureOver } from '../guardian/decide.ts';
import type { Learned } from '../guardian/ports.ts';
import { trialMsOf } from '../guardian/trial.ts';
import { createVerifier } from '../guardian/verification.ts';
import type { MitigationLease } from '../mesh/lease.ts';
import { type Action, describeMitigation, MAX_STEPS, type Mitigation, type Plan } from '../mesh/mitigation.ts';
import type { DecisionContext, Policy } from '../mesh/policy.ts';
import type { Decision, DecisionOutcome, ScoredCandidate } from '../mesh/record.ts';
import { resolve } from '../mesh/resolve.ts';
import type { Rng } from '../mesh/rng.ts';
import type { FaultableWorld } from '../mesh/world.ts';
import { type Goodness, pooled } from '../telemetry/goodness.ts';
import { innerLoad } from '../telemetry/load.ts';
import type { ExperiencedStep } from './experience.ts';
import { contextOf, nextTrial } from './next-trial.ts';
import type { Pulse } from './pulse.ts';

export interface TreatmentOptions {
  readonly world: FaultableWorld;
  readonly pulse: Pulse;
  readonly learned: Learned;
  readonly policy: Policy;
  readonly staticPolicy: Policy;
  readonly rng: Rng;
  readonly episode: string;
  readonly onset: number;
  /** To be replayed step by step; absent = explore. */
  readonly plan?: Plan;
  /** To be tried in this order, each on its own trial; absent = the policy's. */
  readonly candidates?: Plan;
  /** Good ratio of a control of this very fault, where one was run. */
  readonly controlRatio?: number;
  /** The fault is still in force and nothing else stops the episode. */
  readonly goesOn: () => boolean;
  readonly keep: (decision: Decision) => void;
  readonly doing: (text: string) => void;
}

export interface Treated {
  readonly signature: string;
  /** Mitigations judged better and kept, in order. */
  readonly plan: Mitigation[];
  readonly leases: MitigationLease[];
  readonly decisions: string[];
  readonly steps: ExperiencedStep[];
  readonly curve: number[];
  /** Users were well again, with the fault in force, through the windows of verification. */
  readonly recovered: boolean;
  /** Good ratio before the first step and of the newest windows. */
  readonly goodFaulted: number;
  readonly goodMitigated: number;
}

/** Trials an episode may take, kept or not. */
const TRIALS = MAX_STEPS;
/** Recovered is confirmed by further windows, and the fault must be in force through them. */
const CONFIRM_WINDOWS = 2;
/** From here on a step that helped is given those windows before another one: a backlog may still drain. */
const NEARLY = 0.8;

/** Up to four trials against the fault in force, by exploration or by a plan that is replayed. */
export async function treat(o: TreatmentOptions): Promise<Treated> {
  const { world, pulse } = o;
  const plan: Mitigation[] = [];
  const leases: MitigationLease[] = [];
  const decisions: string[] = [];
  const steps: ExperiencedStep[] = [];
  const curve: number[] = [];
  const tried = new Map<string, string>();
  const before = pulse.recent(2);
  let predicted: Goodness = before;
  let signature = '';
  let recovered = false;

  const windowOf = async () => {
    const tick = await pulse.next();
    curve.push(tick.now.ratio);
    return tick;
  };

  const trials = o.candidates?.length ?? TRIALS;
  for (let trial = 0; trial < trials && o.goesOn() && !recovered; trial++) {
    const { context, chosen, candidates, version, replayed } = await nextTrial(o, plan, tried, trial);
    signature ||= signatureOver(context, o.learned.signatureOf);
    if (chosen === undefined) break;
    const mitigation = chosen.action.do === 'apply' ? chosen.action.mitigation : undefined;
    if (!mitigation) {
      // Waiting, or taking the last step back; neither is a lease on trial.
      const last = chosen.action.do === 'remove-last' ? leases.pop() : undefined;
      if (last) {
        plan.splice(
          plan.findIndex((m) => describeMitigation(m) === describeMitigation(last.mitigation)),
          1,
        );
        await pulse.during(world.remove(last.id));
      }
      const waited = [await windowOf(), await windowOf()].map((t) => t.now);
      const after = pooled(waited);
      steps.push(experienced(o, context, chosen, version, predicted, after, 'kept'));
      predicted = after;
      recovered = after.ratio >= 0.95 && o.goesOn() && (await confirmed(o, windowOf));
      continue;
    }
    const lease = leaseOf(o, mitigation, chosen);
    if (typeof lease === 'string') {
      tried.set(describeMitigation(mitigation), lease);
      continue;
    }
    o.doing(`trial ${trial + 1}: ${describeMitigation(mitigation)}`);
    const decision = decisionOf(o, context, chosen.action, candidates, version, plan.length + 1, replayed);
    decisions.push(decision.id);
    o.keep(decision);
    const result = await pulse.during(world.apply(lease));
    if (result.state === 'refused') {
      tried.set(describeMitigation(mitigation), result.reason);
      await pulse.during(world.remove(lease.id));
      settle(o, decision, 'refused', predicted, predicted.ratio, undefined, result.reason);
      continue;
    }
    leases.push(lease);
    const loadBefore = innerLoad(context.history.at(-1)!, world.topology.entry);
    const verifier = createVerifier({
      predicted,
      loadBefore,
      effectiveAt: result.at,
      trialMs: trialMsOf([lease]),
    });
    const seen: Goodness[] = [];
    for (;;) {
      const tick = await windowOf();
      const { snapshot, now } = tick;
      const j = verifier.update(snapshot.at, snapshot.windowMs, now, innerLoad(snapshot, world.topology.entry));
      if (j.windows > 0) seen.push(tick.now);
      if (j.verdict === 'pending' && o.goesOn()) continue;
      const better = j.verdict === 'better';
      const verdict = better ? 'kept' : j.verdict === 'worse' ? 'removed-worse' : 'removed-no-better';
      settle(o, decision, verdict, predicted, j.after, result.at);
      steps.push(experienced(o, context, chosen, version, predicted, pooled(seen), verdict));
      if (better) {
        plan.push(mitigation);
        predicted = pooled(seen.slice(-2));
        recovered = o.goesOn() && (j.recovered || predicted.ratio >= NEARLY) && (await confirmed(o, windowOf));
      } else {
        // What did nothing shows in its own windows how things are without it by now.
        if (j.verdict === 'no-better') predicted = pooled(seen.slice(-2));
        tried.set(describeMitigation(mitigation), `tried in this episode: ${verdict}`);
        leases.pop();
        await pulse.during(world.remove(lease.id));
      }
      break;
    }
    if (o.plan && plan.length >= o.plan.length) break;
  }
  signature ||= signatureOver(contextOf(o, plan, tried), o.learned.signatureOf);
  const goodMitigated = pulse.recent(2).ratio;
  return { signature, plan, leases, decisions, steps, curve, recovered, goodFaulted: before.ratio, goodMitigated };
}

/** Well by the detector's rule within a few windows more, and the fault still in force after them. */
async function confirmed(o: TreatmentOptions, windowOf: () => Promise<unknown>): Promise<boolean> {
  for (let i = 0; i < CONFIRM_WINDOWS + 3; i++) {
    await windowOf();
    if (!o.goesOn()) return false;
    if (i + 1 >= CONFIRM_WINDOWS && o.pulse.diagnosis()?.impaired === false) return true;
  }
  return false;
}

function leaseOf(o: TreatmentOptions, mitigation: Mitigation, chosen: ScoredCandidate): MitigationLease | string {
  const setting = resolve(mitigation, o.world.topology, o.pulse.healthy());
  if (typeof setting === 'string') return setting;
  const now = o.world.clock.now();
  return {
    type: 'mitigation',
    id: `s-${o.episode}-${describeMitigation(mitigation)}`,
    owner: o.plan ? 'pattern' : 'policy',
    reason: o.plan
      ? 'replayed to see whether it heals again'
      : `explored with probability ${chosen.probability.toFixed(2)}`,
    createdAt: now,
    expiresAt: now + 120_000,
    episode: o.episode,
    mitigation,
    setting,
  };
}

function decisionOf(
  o: TreatmentOptions,
  context: DecisionContext,
  action: Action,
  candidates: readonly ScoredCandidate[],
  policyVersion: string,
  step: number,
  replayed: boolean,
): Decision {
  const allowed = candidates.filter((c) => c.masked === undefined);
  return {
    id: `d-${o.episode}-${context.now.toString(36)}-${action.do === 'apply' ? describeMitigation(action.mitigation) : action.do}`,
    at: o.world.clock.now(),
    world: 'shadow',
    episode: o.episode,
    step,
    source: replayed ? 'pattern' : 'exploration',
    action,
    candidates: allowed.slice(0, 12),
    snapshot: context.history.at(-1)!,
    diagnosis: context.diagnosis,
    policyVersion,
    why: replayed
      ? 'replayed: it healed this fault before'
      : 'explored: a member of the ensemble was sampled, with a floor for all',
  };
}

function settle(
  o: TreatmentOptions,
  decision: Decision,
  verdict: DecisionOutcome['verdict'],
  predicted: Goodness,
  after: number,
  effectiveAt: number | undefined,
  note?: string,
): void {
  decision.outcome = {
    verdict,
    at: o.world.clock.now(),
    before: predicted.ratio,
    predicted: predicted.ratio,
    after,
    ...(effectiveAt === undefined ? {} : { effectiveAt }),
    ...(note === undefined ? {} : { note }),
  };
  o.keep(decision);
}

function experienced(
  o: TreatmentOptions,
  context: DecisionContext,
  chosen: ScoredCandidate,
  policyVersion: string,
  predicted: Goodness,
  after: Goodness,
  verdict: DecisionOutcome['verdict'],
): ExperiencedStep {
  // The control says what the fault does alone; it is the prediction for a first step only.
  const fromControl = o.controlRatio !== undefined && context.inForce.every((l) => l.owner === 'static');
  const without = fromControl ? o.controlRatio! : predicted.ratio;
  const { action, probability } = chosen;
  return {
    context,
    action,
    probability,
    advantage: after.ratio - without,
    without,
    fromControl,
    verdict,
    policyVersion,
  };
}
