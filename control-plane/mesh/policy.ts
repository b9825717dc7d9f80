import type { MitigationLease } from './lease.ts';
import type { Mitigation } from './mitigation.ts';
import type { Diagnosis, ScoredCandidate } from './record.ts';
import type { HealthyState, Snapshot } from './snapshot.ts';
import type { Topology } from './topology.ts';
import type { Capabilities } from './world.ts';

/** Everything a policy may look at. It names no fault, no world and no tag. */
export interface DecisionContext {
  readonly topology: Topology;
  /** Newest last; at least one, at most the last 10 windows. */
  readonly history: readonly Snapshot[];
  readonly healthy: HealthyState;
  readonly diagnosis: Diagnosis;
  /** Mitigations in force, oldest first, and the steps this incident or episode already took. */
  readonly inForce: readonly MitigationLease[];
  readonly steps: readonly Mitigation[];
  /** When it began, on the world's clock. */
  readonly onset: number;
  readonly now: number;
  readonly capabilities: Capabilities;
  /** Masks come before the policy (design, rule 5): the reason a mitigation may not be taken, or undefined. */
  readonly mask: (m: Mitigation) => string | undefined;
}

/** Scores every candidate; the caller chooses. Implementations must never throw for odd numbers in the context. */
export interface Policy {
  readonly version: string;
  /** It decides whatever came of its choices before: a peer to compare with. Others lose their say when they do harm. */
  readonly unconditional?: boolean;
  /** Best first by lower bound. Contains every candidate of {@link DecisionContext}, `wait` (mean 0) and `remove-last` where there is one. */
  score(context: DecisionContext): Promise<readonly ScoredCandidate[]>;
}
