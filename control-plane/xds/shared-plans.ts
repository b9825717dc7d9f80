import { remember } from './remember.ts';
import type { Plan } from './subscription.ts';
import type { TypeSet } from './type-set.ts';

/** By the goal's set, then by where a stream comes from; null = there is nothing to send. */
const plans = new WeakMap<TypeSet, Map<number, Plan | null>>();
const MOST_PLANS = 64;

/** The plan towards `set` from a position that many streams share, made once and kept while the set lives (the last 64). */
export function sharedPlan(set: TypeSet, position: number, make: () => Plan | undefined): Plan | undefined {
  const known = remember(plans, set, () => new Map());
  let plan = known.get(position);
  if (plan === undefined) {
    const made = make();
    plan = made ? { ...made, key: made.key ?? `from ${position}` } : null;
    if (known.size >= MOST_PLANS) known.delete(known.keys().next().value!);
    known.set(position, plan);
  }
  return plan ?? undefined;
}

/** Exactly what is in the set is asked for by name, as by a proxy that was told of all its clusters. */
export function isNamedBy(set: TypeSet, names: ReadonlySet<string>): boolean {
  if (names.size !== set.resources.size) return false;
  for (const name of set.resources.keys()) if (!names.has(name)) return false;
  return true;
}
