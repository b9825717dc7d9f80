import { isOwn, type Lease, type MitigationLease } from '../mesh/lease.ts';
import { describeMitigation } from '../mesh/mitigation.ts';
import type { Decision } from '../mesh/record.ts';

/** A mitigation in force and the decision for it that has no verdict. */
export interface Unjudged {
  readonly lease: MitigationLease;
  readonly decision: Decision;
}

/**
 * What was on trial when the control plane died: the guardian's own leases whose newest decision in their incident has no outcome.
 * `decisions` is newest first, as a store lists them.
 */
export function unjudgedIn(leases: readonly Lease[], decisions: readonly Decision[]): Unjudged[] {
  return leases.filter(isOwn).flatMap((lease) => {
    const text = describeMitigation(lease.mitigation);
    const decision = decisions.find(
      (d) =>
        d.world === 'production' &&
        d.incident === lease.incident &&
        d.action.do === 'apply' &&
        describeMitigation(d.action.mitigation) === text,
    );
    return decision && !decision.outcome ? [{ lease, decision }] : [];
  });
}
