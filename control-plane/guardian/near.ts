import { describeMitigation, type Plan } from '../mesh/mitigation.ts';
import type { Pattern } from '../mesh/record.ts';

/** How large a part of the calls fails: the word's order of severity. */
const parts = ['part=none', 'part=some', 'part=half', 'part=all'];
const partOf = (words: readonly string[]) => parts.findIndex((p) => words.includes(p));

/**
 * Whether two signatures name nearly the same trouble: the same origin, and at most one further word differs. Where a value
 * lies at the border of two bands the name flickers between them; the plan that heals does not.
 */
export function near(a: string, b: string): boolean {
  if (a === b) return true;
  const [x, y] = [a.split(' '), b.split(' ')];
  if (x[0] !== y[0]) return false;
  const without = (from: readonly string[], other: readonly string[]) => from.filter((w) => !other.includes(w)).length;
  return Math.max(without(x, y), without(y, x)) <= 1;
}

/**
 * Whether what was seen under signature `known` holds under `now`: near, and as large a part of the calls failed there. What heals
 * a share of failures (a retry) need not heal all of them; the other way round it does.
 */
function covers(known: string, now: string): boolean {
  return near(known, now) && partOf(known.split(' ')) >= partOf(now.split(' '));
}

/** The pattern of this plan that evidence under `signature` belongs to: the equal one, else the most tried near one of the same share. */
export function patternFor(signature: string, plan: Plan, patterns: readonly Pattern[]): Pattern | undefined {
  const text = plan.map(describeMitigation).join('|');
  const same = patterns.filter((p) => p.plan.map(describeMitigation).join('|') === text);
  const equal = same.find((p) => p.signature === signature);
  if (equal) return equal;
  return same
    .filter((p) => covers(p.signature, signature) && covers(signature, p.signature))
    .sort((a, b) => b.trials - a.trials)[0];
}

/** Trusted patterns of a nearly equal signature that failed no smaller part of the calls, best first by the lower end of what they healed. */
export function nearby(signature: string, patterns: readonly Pattern[]): Pattern[] {
  return patterns
    .filter((p) => p.status === 'trusted' && p.signature !== signature && covers(p.signature, signature))
    .sort((a, b) => b.interval[0] * b.gain - a.interval[0] * a.gain);
}
