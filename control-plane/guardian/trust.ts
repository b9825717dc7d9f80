import type { Clock } from '../mesh/clock.ts';
import type { DecisionContext, Policy } from '../mesh/policy.ts';
import { baseVersion } from '../mesh/policy-version.ts';
import type { DecisionOutcome, ScoredCandidate } from '../mesh/record.ts';

/** Below this the static policy decides. */
const FLOOR = 0.3;
/** Half of what was lost comes back in this time. */
const HALF_LIFE_MS = 10 * 60_000;
/** No mitigation can gain more than all of goodput; what claims much more is broken. */
const SANE = 1.5;

/** A policy's credit with the guardian: what it did speaks louder than what it says. */
export interface Trust {
  /** 0..1, of the policy of that version. */
  credit(version: string): number;
  /** What came of a mitigation that the policy of that version chose. */
  judge(verdict: DecisionOutcome['verdict'], version: string): void;
}

/**
 * Credit starts at 1; a mitigation that made things worse halves it, one that did nothing takes a fifth, one that was kept
 * gives a part back, and time heals by halves every ten minutes. A policy of extremes thus loses its say after two harms.
 * A refinement answers for what its base did, with which it shares a record; a specialised policy is another one, which had to
 * do better than its base in incidents of this application, and starts with a record of its own.
 */
export function createTrust(clock: Clock): Trust {
  const records = new Map<string, { lost: number; at: number }>();
  const recordOf = (version: string) => {
    const t = clock.now();
    const base = baseVersion(version);
    const record = records.get(base) ?? { lost: 0, at: t };
    records.set(base, record);
    record.lost *= 0.5 ** (Math.max(0, t - record.at) / HALF_LIFE_MS);
    record.at = t;
    return record;
  };
  return {
    credit: (version) => 1 - recordOf(version).lost,
    judge(verdict, version) {
      const record = recordOf(version);
      const credit = 1 - record.lost;
      if (verdict === 'removed-worse') record.lost = 1 - credit * 0.5;
      else if (verdict === 'removed-no-better') record.lost = 1 - credit * 0.8;
      else if (verdict === 'kept') record.lost = Math.max(0, record.lost - 0.3);
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
