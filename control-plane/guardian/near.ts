import { describeMitigation, type Plan } from '../mesh/mitigation.ts';
import type { Pattern } from '../mesh/record.ts';

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

/** The pattern of this plan that evidence under `signature` belongs to: the equal one, else the most tried near one. */
export function patternFor(signature: string, plan: Plan, patterns: readonly Pattern[]): Pattern | undefined {
  const text = plan.map(describeMitigation).join('|');
  const same = patterns.filter((p) => p.plan.map(describeMitigation).join('|') === text);
  const equal = same.find((p) => p.signature === signature);
  if (equal) return equal;
  return same.filter((p) => near(p.signature, signature)).sort((a, b) => b.trials - a.trials)[0];
}

/** Trusted patterns of a nearly equal signature, best first by the lower end of what they healed. */
export function nearby(signature: string, patterns: readonly Pattern[]): Pattern[] {
  return patterns
    .filter((p) => p.status === 'trusted' && p.signature !== signature && near(p.signature, signature))
    .sort((a, b) => b.interval[0] * b.gain - a.interval[0] * a.gain);
}
