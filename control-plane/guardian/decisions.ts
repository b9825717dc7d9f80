import type { Clock } from '../mesh/clock.ts';
import type { Action } from '../mesh/mitigation.ts';
import type { Decision, Diagnosis } from '../mesh/record.ts';
import type { Snapshot } from '../mesh/snapshot.ts';
import type { Store } from '../mesh/store.ts';
import type { Proposal } from './decide.ts';
import type { IncidentBook } from './incidents.ts';
import type { GuardianEvent } from './ports.ts';

/** Makes and keeps decision records: with their snapshot, candidates, evidence, and later their outcome (design, rule 7). */
export interface DecisionLog {
  /** A new record, stored, told, and listed in the open incident. */
  add(
    action: Action,
    proposal: Pick<Proposal, 'source' | 'pattern' | 'candidates' | 'version' | 'why'>,
    snapshot: Snapshot,
    d: Diagnosis,
    more?: { step?: number; why?: string },
  ): Decision;
  /** Stores and tells it again after a change. */
  keep(decision: Decision): void;
}

export function createDecisionLog(options: {
  readonly store: Pick<Store, 'decisions'>;
  readonly clock: Clock;
  readonly book: IncidentBook;
  readonly emit: (event: GuardianEvent) => void;
}): DecisionLog {
  const { store, clock, book, emit } = options;
  let serial = 0;
  function keep(decision: Decision): void {
    store.decisions.put(decision);
    emit({ type: 'decision', decision });
  }
  return {
    keep,
    add(action, proposal, snapshot, diagnosis, more = {}) {
      const incident = book.current();
      const decision: Decision = {
        id: `d-${clock.now().toString(36)}-${++serial}`,
        at: clock.now(),
        world: 'production',
        ...(incident ? { incident: incident.id } : {}),
        step: more.step ?? incident?.plan.length ?? 0,
        source: proposal.source,
        ...(proposal.pattern ? { pattern: proposal.pattern.id } : {}),
        action,
        candidates: proposal.candidates,
        snapshot,
        diagnosis,
        policyVersion: proposal.version,
        why: more.why ?? proposal.why,
      };
      keep(decision);
      book.change((i) => i.decisions.push(decision.id));
      return decision;
    },
  };
}
