import type { Clock } from '../mesh/clock.ts';
import { UmbraError } from '../mesh/errors.ts';
import { describeMitigation, type Mitigation } from '../mesh/mitigation.ts';
import type { Decision, Diagnosis, Mode } from '../mesh/record.ts';
import type { Snapshot } from '../mesh/snapshot.ts';
import type { Goodness } from '../telemetry/goodness.ts';
import type { Proposal } from './decide.ts';
import type { DecisionLog } from './decisions.ts';
import type { IncidentBook } from './incidents.ts';
import type { Trials } from './trials.ts';

/** How long an operator may think before a proposed decision is void. */
const APPROVAL_MS = 120_000;

/** What the guardian would do but may not by itself: recorded in mode `observe`, offered for approval in mode `approve`. */
export interface Proposals {
  /** Recorded or offered already in this incident. */
  known(proposal: Proposal): boolean;
  ask(proposal: Proposal, mode: Mode, snapshot: Snapshot, d: Diagnosis, predicted: Goodness): void;
  /**
   * Carries an offered decision out. @throws UmbraError UMB0702 where it is not on offer, UMB0701 while another is on trial or where
   * it may not be done any more; then it stays on offer
   */
  approve(decision: string, by: string): void;
  /** Voids what is too old, and everything once users are well again. */
  expire(impaired: boolean): void;
}

interface Offer {
  readonly proposal: Proposal;
  readonly decisions: readonly Decision[];
  readonly snapshot: Snapshot;
  readonly diagnosis: Diagnosis;
  readonly predicted: Goodness;
  readonly expiresAt: number;
}

export function createProposals(options: {
  readonly clock: Clock;
  readonly book: IncidentBook;
  readonly log: DecisionLog;
  readonly trials: Trials;
  /** Why a mitigation may not be put in force now, or undefined: an offer may be two minutes old. */
  readonly refusal: (m: Mitigation) => string | undefined;
}): Proposals {
  const { clock, book, log, trials } = options;
  const offers = new Map<string, Offer>();
  let incident: string | undefined;
  let said = new Set<string>();

  const textOf = (p: Proposal) => p.steps.map(describeMitigation).join(', then ');

  function forIncident(): void {
    const now = book.current()?.id;
    if (now === incident) return;
    incident = now;
    said = new Set();
    offers.clear();
  }

  return {
    known(proposal) {
      forIncident();
      return said.has(textOf(proposal));
    },
    ask(proposal, mode, snapshot, d, predicted) {
      forIncident();
      const text = textOf(proposal);
      if (said.has(text)) return;
      said.add(text);
      const offered = mode === 'approve';
      const why = offered
        ? `waits for approval: ${proposal.why}`
        : `would have been applied (mode ${mode}): ${proposal.why}`;
      const decisions = proposal.steps.map((m, i) =>
        log.add({ do: 'apply', mitigation: m }, proposal, snapshot, d, { step: i + 1, why }),
      );
      book.note(offered ? `Awaiting approval: ${text}` : `Would have applied: ${text} (mode ${mode})`);
      if (!offered) return;
      const expiresAt = clock.now() + APPROVAL_MS;
      for (const { id } of decisions)
        offers.set(id, { proposal, decisions, snapshot, diagnosis: d, predicted, expiresAt });
    },
    approve(id, by) {
      const offer = offers.get(id);
      if (!offer) throw new UmbraError('UMB0702', `decision ${id} does not wait for approval`);
      if (trials.current())
        throw new UmbraError('UMB0701', 'another change is on trial; approve again in a few seconds');
      for (const m of offer.proposal.steps) {
        const reason = options.refusal(m);
        if (reason !== undefined) throw new UmbraError('UMB0701', `${describeMitigation(m)}: ${reason}`);
      }
      for (const d of offer.decisions) offers.delete(d.id);
      trials.apply(offer.proposal, offer.snapshot, offer.diagnosis, offer.predicted, {
        by,
        decisions: offer.decisions,
      });
    },
    expire(impaired) {
      const now = clock.now();
      for (const [id, offer] of offers) {
        if (impaired && offer.expiresAt > now) continue;
        offers.delete(id);
        // It may be offered again if it is still the best idea.
        if (impaired) said.delete(textOf(offer.proposal));
      }
    },
  };
}
