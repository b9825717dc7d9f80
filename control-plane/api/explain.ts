import { UmbraError } from '../mesh/errors.ts';
import type { Decision, Incident, Pattern } from '../mesh/record.ts';
import type { Records } from './plane.ts';

/** An incident with all that was decided in it, and the patterns that were drawn on. */
export interface Explanation {
  readonly incident: Incident;
  /** In order. One that was pruned from the store is named in `missing`. */
  readonly decisions: readonly Decision[];
  readonly patterns: readonly Pattern[];
  readonly missing: readonly string[];
}

/** @throws UmbraError UMB0804 where there is no such incident */
export function explain(records: Records, id: string): Explanation {
  const incident = records.incidents.get(id);
  if (!incident) throw new UmbraError('UMB0804', `there is no incident ${id}`);
  const decisions: Decision[] = [];
  const patterns = new Map<string, Pattern>();
  const missing: string[] = [];
  for (const decisionId of incident.decisions) {
    const decision = records.decisions.get(decisionId);
    if (!decision) {
      missing.push(decisionId);
      continue;
    }
    decisions.push(decision);
    const pattern = decision.pattern === undefined ? undefined : records.patterns.get(decision.pattern);
    if (pattern) patterns.set(pattern.id, pattern);
  }
  return { incident, decisions, patterns: [...patterns.values()], missing };
}
