import type { AlertKind } from '../mesh/alert.ts';
import type { DecisionContext } from '../mesh/policy.ts';
import type { AuditEntry, Decision, Incident, Pattern, PatternEvidence, ScoredCandidate } from '../mesh/record.ts';
import type { Rng } from '../mesh/rng.ts';

/** What guardian and chaos loop need of a logger; pino fits. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The pure functions of learning that the loops decide with; passed in, so that neither module knows the other. */
export interface Learned {
  /** A coarse name of what is going wrong, equal for equal troubles. */
  signatureOf(context: DecisionContext): string;
  /** Trusted patterns of a signature, best first. */
  match(signature: string, patterns: readonly Pattern[]): readonly Pattern[];
  /** The pattern with one more piece of evidence; nothing passed in is changed. */
  withEvidence(before: Pattern | undefined, evidence: PatternEvidence): Pattern;
  choose(
    scored: readonly ScoredCandidate[],
    options: { mode: 'shadow' | 'production'; rng: Rng; threshold?: number; epsilon?: number },
  ): { readonly chosen: ScoredCandidate; readonly candidates: readonly ScoredCandidate[] };
}

/** Something happened that somebody may want to see at once. Records are sent when new and again whenever changed. */
export type GuardianEvent =
  | { readonly type: 'incident'; readonly incident: Incident }
  | { readonly type: 'decision'; readonly decision: Decision }
  | { readonly type: 'pattern'; readonly pattern: Pattern }
  | { readonly type: 'leases'; readonly world: 'production' }
  | { readonly type: 'overrides' }
  | { readonly type: 'audit'; readonly entry: AuditEntry }
  | {
      readonly type: 'alert';
      readonly kind: AlertKind<'production'>;
      readonly message: string;
      readonly incident?: string;
    };
