import type { Clock } from '../mesh/clock.ts';
import type { DecisionContext, Policy } from '../mesh/policy.ts';
import type { DecisionOutcome, ScoredCandidate } from '../mesh/record.ts';

/** Below this the static policy decides. */
const FLOOR = 0.3;
/** Half of what was lost comes back in this time. */
const HALF_LIFE_MS = 10 * 60_000;
/** No mitigation can gain more than all of goodput; what claims much more is broken. */
const SANE = 1.5;

/** A policy's credit with the guardian: what it did speaks louder than what it says. */
export interface Trust {
  /** 0..1. */
  credit(): number;
  judge(verdict: DecisionOutcome['verdict']): void;
}

/**
 * Credit starts at 1; a mitigation that made things worse halves it, one that did nothing takes a fifth, one that was kept
 * gives a part back, and time heals by halves every ten minutes. A policy of extremes thus loses its say after two harms.
 */
export function createTrust(clock: Clock): Trust {
  let lost = 0;
  let at = clock.now();
  const now = () => {
    const t = clock.now();
    lost *= 0.5 ** (Math.max(0, t - at) / HALF_LIFE_MS);
    at = t;
    return 1 - lost;
  };
  return {
    credit: now,
    judge(verdict) {
      const credit = now();
      if (verdict === 'removed-worse') lost = 1 - credit * 0.5;
      else if (verdict === 'removed-no-better') lost = 1 - credit * 0.8;
      else if (verdict === 'kept') lost = Math.max(0, lost - 0.3);
    },
  };
}

/** Which policy decided, and why not the learned one when it was not. */
export interface Scored {
  readonly candidates: readonly ScoredCandidate[];
  readonly version: string;
  readonly fallback?: string;
}

/**
 * Scores with the learned policy if it is to be trusted and answers with numbers; else with the static one (design, rule 3). A
 * policy that throws, answers NaN or claims the impossible is set aside for this decision.
 */
export async function scoreGuarded(
  context: DecisionContext,
  learned: Policy,
  fallback: Policy,
  credit: number,
): Promise<Scored> {
  let reason: string | undefined;
  if (credit < FLOOR) reason = 'the learned policy did harm or nothing lately and lost its credit';
  else {
    try {
      const candidates = await learned.score(context);
      reason = unusable(candidates);
      if (!reason) return { candidates, version: learned.version };
    } catch (error) {
      reason = `the learned policy failed: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  const candidates = await fallback.score(context);
  const broken = unusable(candidates);
  if (broken) return { candidates: [], version: fallback.version, fallback: `${reason}; static policy: ${broken}` };
  return { candidates, version: fallback.version, fallback: reason };
}

/** Why these scores are not to be used, or undefined. */
export function unusable(candidates: readonly ScoredCandidate[]): string | undefined {
  if (candidates.length === 0) return 'it scored nothing';
  for (const c of candidates) {
    if (c.masked !== undefined) continue;
    if (![c.mean, c.spread, c.lower].every(Number.isFinite)) return 'its scores are not numbers';
    if (Math.abs(c.mean) > SANE || c.lower > SANE) return `it claims a gain of ${c.mean.toPrecision(2)} of goodput`;
  }
  return undefined;
}
