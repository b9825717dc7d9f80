import { describeAction, describeMitigation, type Mitigation } from '../mesh/mitigation.ts';
import type { DecisionContext, Policy } from '../mesh/policy.ts';
import type { Decision, Pattern, ScoredCandidate } from '../mesh/record.ts';
import type { Rng } from '../mesh/rng.ts';
import { averageOf } from '../telemetry/average.ts';
import { sameSetting } from './masks.ts';
import { nearby } from './near.ts';
import type { Learned } from './ports.ts';
import { scoreGuarded } from './trust.ts';

/** What the guardian would do next and why. */
export interface Proposal {
  readonly action: 'apply' | 'remove-last' | 'wait';
  /** For `apply`: a policy gives one step, a pattern all that is left of its plan, which was proven as a whole. */
  readonly steps: readonly Mitigation[];
  readonly source: Extract<Decision['source'], 'pattern' | 'policy' | 'none'>;
  readonly pattern?: Pattern;
  /** The best candidates, at most 12, best first; masked ones last. */
  readonly candidates: readonly ScoredCandidate[];
  readonly version: string;
  readonly signature: string;
  readonly why: string;
  /** The static policy decided, and why. */
  readonly fallback?: string;
}

export interface DecideDeps {
  readonly learned: Pick<Learned, 'signatureOf' | 'match' | 'choose'>;
  readonly patterns: readonly Pattern[];
  readonly policy: Policy;
  readonly staticPolicy: Policy;
  readonly credit: number;
  /** The least lower bound acted on. */
  readonly threshold: number;
  readonly rng: Rng;
  readonly untreated?: Untreated | undefined;
  /** Why the newest mitigation in force may not be taken back, or undefined. */
  readonly keepLast?: string | undefined;
}

/** How things stood before the first step of this incident, and how much goodput its steps gained since (share, 0..1). */
export interface Untreated {
  readonly context: DecisionContext;
  readonly gained: number;
}

/** Windows a trouble's name rests on: one alone says too much of chance. */
const NAME_WINDOWS = 3;

/**
 * The signature of what is going on, from the mean of the windows since onset (at most three). The first of them is in part still
 * sound, and would make a trouble that hits all look like one that hits a share.
 */
export function signatureOver(context: DecisionContext, signatureOf: Learned['signatureOf']): string {
  const since = context.history.filter((s) => s.at - s.windowMs / 2 >= context.onset);
  const whole = (since.length > 1 ? since.slice(1) : since).slice(-NAME_WINDOWS);
  const windows = whole.length > 0 ? whole : context.history.slice(-1);
  return signatureOf({ ...context, history: [...context.history.slice(0, -windows.length), averageOf(windows)] });
}

/**
 * Pattern first, policy where no pattern matches, a pattern of a nearly equal signature where the policy is not confident, else
 * waiting (design, "Learning"). Nothing that the
 * context's mask refuses is proposed; `alsoMasked` takes further mitigations out of the choice, with the reason.
 */
export async function decide(
  context: DecisionContext,
  deps: DecideDeps,
  alsoMasked: (m: Mitigation) => string | undefined = () => undefined,
): Promise<Proposal> {
  const signature = signatureOver(context, deps.learned.signatureOf);
  const refused = (m: Mitigation) => context.mask(m) ?? alsoMasked(m);
  const scored = await scoreGuarded(context, deps.policy, deps.staticPolicy, deps.credit);
  // Taking back what helped is for the probes after recovery.
  const keepLast = context.steps.length > 0 ? 'it was verified to help in this incident' : deps.keepLast;
  const masked = scored.candidates.map((c) => withMask(c, alsoMasked, keepLast));
  const base = { candidates: listed(masked), version: scored.version, signature };
  const fallback = scored.fallback === undefined ? {} : { fallback: scored.fallback };

  const inForce = new Set(context.inForce.map((l) => describeMitigation(l.mitigation)));
  const byPattern = (patterns: readonly Pattern[], seen: (p: Pattern) => string): Proposal | undefined => {
    for (const pattern of patterns) {
      const steps = pattern.plan.filter((m) => !inForce.has(describeMitigation(m)));
      if (steps.length === 0 || steps.some((m) => refused(m) !== undefined)) continue;
      const why = `${pattern.successes} of ${pattern.trials} trials of this plan healed ${seen(pattern)}, and ${pattern.controlFailed} of ${pattern.controls} without it did not recover`;
      return { ...base, ...fallback, action: 'apply', steps, source: 'pattern', pattern, why };
    }
    return undefined;
  };
  const exact = byPattern(deps.learned.match(signature, deps.patterns), () => `"${signature}"`);
  if (exact) return exact;

  const { chosen, candidates } = deps.learned.choose(masked, {
    mode: 'production',
    rng: deps.rng,
    threshold: deps.threshold,
  });
  const list = { ...base, ...fallback, candidates: listed(candidates) };
  const action = chosen.action;
  if (action.do === 'wait' || chosen.masked !== undefined) {
    // Another strength of a step would take its place, and was the lesser choice from the start.
    const beside = (m: Mitigation) => refused(m) === undefined && !context.steps.some((step) => sameSetting(step, m));
    const better = await betterFromTheStart(deps, beside);
    if (better) return { ...list, ...better };
    const close = byPattern(nearby(signature, deps.patterns), (p) => `"${p.signature}", which is near "${signature}"`);
    if (close) return close;
    const untried = context.steps.length > 0 ? await untriedFromTheStart(deps, beside) : undefined;
    if (untried) return { ...list, ...untried };
    const best = masked.find((c) => c.masked === undefined && c.action.do !== 'wait');
    const why = best
      ? `nothing is confident enough: the best, ${describeAction(best.action)}, gains at least ${percent(best.lower)} of goodput where ${percent(deps.threshold)} is asked`
      : 'no candidate is allowed';
    return { ...list, action: 'wait', steps: [], source: 'none', why };
  }
  const next = masked.find((c) => c.masked === undefined && c.action !== action && c.action.do !== 'wait');
  const over = next ? `, ahead of ${describeAction(next.action)} (${percent(next.lower)})` : '';
  const by = scored.fallback ? `the static policy, because ${scored.fallback},` : `policy ${scored.version}`;
  const why = `${by} expects ${percent(chosen.mean)} of goodput from it and at least ${percent(chosen.lower)}${over}`;
  return action.do === 'apply'
    ? { ...list, action: 'apply', steps: [action.mitigation], source: 'policy', why }
    : { ...list, action: 'remove-last', steps: [], source: 'policy', why };
}

/**
 * What helped without healing must not stand in the way of what heals: a mitigation that was worth more in the state before the
 * first step than the steps have gained is worth the difference now, at least where it acts beside them.
 */
async function betterFromTheStart(
  deps: DecideDeps,
  allowed: (m: Mitigation) => boolean,
): Promise<Pick<Proposal, 'action' | 'steps' | 'source' | 'version' | 'why'> | undefined> {
  const gained = deps.untreated?.gained ?? 0;
  const best = await bestFromTheStart(deps, gained + deps.threshold, allowed);
  if (!best) return undefined;
  const why = `before the first step policy ${best.version} expected at least ${percent(best.lower)} of goodput from it, and the steps so far have gained ${percent(gained)}`;
  return { action: 'apply', steps: [best.mitigation], source: 'policy', version: best.version, why };
}

/** The best of the allowed by its lower bound before the first step, if that is above `least`. */
async function bestFromTheStart(
  { untreated, policy, staticPolicy, credit }: DecideDeps,
  least: number,
  allowed: (m: Mitigation) => boolean,
): Promise<{ mitigation: Mitigation; lower: number; version: string } | undefined> {
  if (!untreated) return undefined;
  const { candidates, version } = await scoreGuarded(untreated.context, policy, staticPolicy, credit);
  let best: { readonly mitigation: Mitigation; readonly lower: number } | undefined;
  for (const { action, lower, masked } of candidates) {
    if (action.do !== 'apply' || masked !== undefined || !allowed(action.mitigation)) continue;
    if (lower > (best?.lower ?? least)) best = { mitigation: action.mitigation, lower };
  }
  return best && { ...best, version };
}

/**
 * The steps so far helped, users still suffer, and nothing is expected of any other step: then what was worth something before
 * the first step is put to the test. What a step hides (a retry the failures that it
 * repeats) the policy may not see, and a trial costs little.
 */
async function untriedFromTheStart(
  deps: DecideDeps,
  allowed: (m: Mitigation) => boolean,
): Promise<Pick<Proposal, 'action' | 'steps' | 'source' | 'version' | 'why'> | undefined> {
  const best = await bestFromTheStart(deps, Math.max(0, deps.threshold), allowed);
  if (!best) return undefined;
  const why = `nothing more is expected of any step, and before the first one policy ${best.version} expected at least ${percent(best.lower)} of goodput from it`;
  return { action: 'apply', steps: [best.mitigation], source: 'policy', version: best.version, why };
}

function withMask(
  c: ScoredCandidate,
  also: (m: Mitigation) => string | undefined,
  keepLast: string | undefined,
): ScoredCandidate {
  if (c.masked !== undefined || c.action.do === 'wait') return c;
  const reason = c.action.do === 'remove-last' ? keepLast : also(c.action.mitigation);
  return reason === undefined ? c : { ...c, masked: reason };
}

function listed(candidates: readonly ScoredCandidate[]): ScoredCandidate[] {
  const allowed = candidates.filter((c) => c.masked === undefined);
  const others = candidates.filter((c) => c.masked !== undefined).sort((a, b) => order(b.lower) - order(a.lower));
  return [...allowed.slice(0, 9), ...others.slice(0, 12 - Math.min(9, allowed.length))];
}

const order = (x: number) => (Number.isFinite(x) ? x : Number.NEGATIVE_INFINITY);
const percent = (x: number) => `${(100 * x).toFixed(0)}%`;
