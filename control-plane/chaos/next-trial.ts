import { maskOf, usersOf } from '../guardian/masks.ts';
import { scoreGuarded } from '../guardian/trust.ts';
import { type Action, describeMitigation, type Mitigation, type Plan } from '../mesh/mitigation.ts';
import type { DecisionContext } from '../mesh/policy.ts';
import type { ScoredCandidate } from '../mesh/record.ts';
import type { TreatmentOptions } from './treatment.ts';

/** In the shadow waiting teaches little: after this many windows of it, and between two trials, something allowed is tried. */
const WAITS = 2;

/** What a policy may look at in an episode; `tried` is what it tried in vain, with the reasons. */
export function contextOf(o: TreatmentOptions, plan: Plan, tried: ReadonlyMap<string, string>): DecisionContext {
  const { world, pulse } = o;
  const history = pulse.history();
  const latest = history.at(-1)!;
  const capabilities = world.capabilities();
  const inForce = world.leases().filter((l) => l.type === 'mitigation');
  const healthy = pulse.healthy();
  // Copies: the context outlives the episode, and what is tried later must not change what was known and allowed then.
  const vain = new Map(tried);
  const forbidden = (m: Mitigation) => vain.get(describeMitigation(m));
  const diagnosis = pulse.diagnosis()!;
  const users = usersOf(diagnosis);
  const mask = maskOf({ topology: world.topology, healthy, latest, capabilities, inForce, users, forbidden });
  const now = latest.at;
  return {
    topology: world.topology,
    history,
    healthy,
    diagnosis,
    inForce,
    steps: [...plan],
    onset: o.onset,
    now,
    capabilities,
    mask,
  };
}

/** What is tried next, and among what it was chosen. */
export interface Chosen {
  readonly context: DecisionContext;
  /** Undefined where nothing is allowed, or the plan to replay is not. */
  readonly chosen: ScoredCandidate | undefined;
  readonly candidates: readonly ScoredCandidate[];
  readonly version: string;
  readonly replayed: boolean;
}

/** Chooses the next trial: of the candidates to verify, of the plan to replay, else by exploring. `trial` counts from 0. */
export async function nextTrial(
  o: TreatmentOptions,
  plan: Plan,
  tried: ReadonlyMap<string, string>,
  trial: number,
): Promise<Chosen> {
  for (let waits = 0; ; waits++) {
    const context = contextOf(o, plan, tried);
    const scored = await scoreGuarded(context, o.policy, o.staticPolicy, 1);
    const base = { context, version: scored.version };
    if (o.candidates) {
      const next = o.candidates.find((m) => context.mask(m) === undefined);
      const known = next && scored.candidates.find((c) => same(c.action, next));
      const chosen = known && { ...known, probability: 1 };
      return { ...base, chosen, candidates: scored.candidates, replayed: false };
    }
    if (o.plan) {
      const next = o.plan[plan.length];
      const allowed = next !== undefined && context.mask(next) === undefined;
      const known = next && scored.candidates.find((c) => same(c.action, next));
      const action: Action = { do: 'apply', mitigation: next! };
      const chosen = { ...(known ?? { action, mean: 0, spread: 0, lower: 0 }), probability: 1 };
      return { ...base, chosen: allowed ? chosen : undefined, candidates: scored.candidates, replayed: true };
    }
    const sampled = o.learned.choose(scored.candidates, { mode: 'shadow', rng: o.rng });
    const waiting = sampled.chosen.action.do === 'wait';
    const { best, candidates } = withoutWaiting(sampled.candidates);
    if (trial > 0 || waits >= WAITS) {
      const chosen = waiting ? best : candidates.find((c) => c.action === sampled.chosen.action);
      return { ...base, chosen, candidates, replayed: false };
    }
    if (!waiting) return { ...base, ...sampled, replayed: false };
    if (!best) return { ...base, chosen: undefined, candidates, replayed: false };
    await o.pulse.next();
  }
}

/**
 * The candidates where waiting is no choice: the mitigation with the best mean stands in for it and is as likely as both
 * together. Off-policy estimates divide by the probability an action really had. No `best` where no mitigation is allowed.
 */
export function withoutWaiting(candidates: readonly ScoredCandidate[]): {
  readonly best: ScoredCandidate | undefined;
  readonly candidates: readonly ScoredCandidate[];
} {
  const allowed = candidates.filter((c) => c.masked === undefined && c.action.do === 'apply');
  if (allowed.length === 0) return { best: undefined, candidates };
  const favourite = allowed.reduce((a, b) => (b.mean > a.mean ? b : a));
  const spared = candidates.find((c) => c.action.do === 'wait')?.probability ?? 0;
  const best = { ...favourite, probability: favourite.probability + spared };
  return {
    best,
    candidates: candidates.map((c) => (c === favourite ? best : c.action.do === 'wait' ? { ...c, probability: 0 } : c)),
  };
}

const same = (a: Action, m: Mitigation) =>
  a.do === 'apply' && describeMitigation(a.mitigation) === describeMitigation(m);
