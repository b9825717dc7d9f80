import type { Clock } from '../mesh/clock.ts';
import { UmbraError } from '../mesh/errors.ts';
import type { MitigationLease } from '../mesh/lease.ts';
import { describeMitigation, type Mitigation } from '../mesh/mitigation.ts';
import type { Decision, Diagnosis, Mode } from '../mesh/record.ts';
import type { Snapshot } from '../mesh/snapshot.ts';
import type { Goodness } from '../telemetry/goodness.ts';
import type { Proposal } from './decide.ts';
import type { DecisionLog } from './decisions.ts';
import type { IncidentBook } from './incidents.ts';
import type { Approved, Trials } from './trials.ts';

/** How long an operator may think before a proposed decision is void. */
const APPROVAL_MS = 120_000;

/** What a removal is offered on: not a step, and not always a policy's idea. */
export type RemovalProposal = Omit<Proposal, 'action' | 'steps' | 'signature'>;

/** What the guardian would do but may not by itself: recorded in mode `observe`, offered for approval in mode `approve`. */
export interface Proposals {
  /** Recorded or offered already in this incident. */
  known(proposal: Proposal): boolean;
  ask(proposal: Proposal, mode: Mode, snapshot: Snapshot, d: Diagnosis, predicted: Goodness): void;
  /** Taking this lease back waits for approval. */
  offersRemoval(leaseId: string): boolean;
  /**
   * Offers to take a lease back on trial. What is offered while users are well waits until the lease ends: nobody may be there to
   * see it for hours.
   */
  askRemoval(lease: MitigationLease, proposal: RemovalProposal, snapshot: Snapshot, d: Diagnosis): Decision;
  /**
   * Carries an offered decision out. @throws UmbraError UMB0702 where it is not on offer, UMB0701 while another is on trial or where
   * it may not be done any more; then it stays on offer
   */
  approve(decision: string, by: string): void;
  /** Voids what is too old, and everything once users fare otherwise: are well again, or are not any more. */
  expire(impaired: boolean): void;
}

interface Offer {
  readonly decisions: readonly Decision[];
  /** Made while users were. */
  readonly impaired: boolean;
  readonly expiresAt: number;
  /** Steps it would apply, in words; or the lease it would take back. */
  readonly steps?: string;
  readonly lease?: string;
  /** Why it may not be carried out now, or undefined: it may be hours old. */
  readonly refusal: () => string | undefined;
  readonly start: (approved: Approved) => void;
}

export function createProposals(options: {
  readonly clock: Clock;
  readonly book: IncidentBook;
  readonly log: DecisionLog;
  readonly trials: Pick<Trials, 'current' | 'apply' | 'probe'>;
  /** Why a mitigation may not be put in force now, or undefined. */
  readonly refusal: (m: Mitigation) => string | undefined;
  /** Why a lease may not be taken back now, or undefined. */
  readonly removalRefusal: (lease: MitigationLease) => string | undefined;
  /** Goodput to be expected if nothing is taken back. */
  readonly expected: () => Goodness;
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

  function put(offer: Offer): void {
    for (const { id } of offer.decisions) offers.set(id, offer);
  }

  function refusalOf(steps: readonly Mitigation[]): string | undefined {
    for (const m of steps) {
      const reason = options.refusal(m);
      if (reason !== undefined) return `${describeMitigation(m)}: ${reason}`;
    }
    return undefined;
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
      put({
        decisions,
        impaired: true,
        expiresAt: clock.now() + APPROVAL_MS,
        steps: text,
        refusal: () => refusalOf(proposal.steps),
        start: (approved) => trials.apply(proposal, snapshot, d, predicted, approved),
      });
    },
    offersRemoval: (leaseId) => [...offers.values()].some((o) => o.lease === leaseId),
    askRemoval(lease, proposal, snapshot, d) {
      forIncident();
      const { id, mitigation } = lease;
      const why = `waits for approval: ${proposal.why}`;
      const decision = log.add({ do: 'remove', mitigation }, proposal, snapshot, d, { why });
      put({
        decisions: [decision],
        impaired: d.impaired,
        expiresAt: d.impaired ? clock.now() + APPROVAL_MS : lease.expiresAt,
        lease: id,
        refusal: () => options.removalRefusal(lease),
        start: (approved) => trials.probe(lease, options.expected(), approved),
      });
      return decision;
    },
    approve(id, by) {
      const offer = offers.get(id);
      if (!offer) throw new UmbraError('UMB0702', `decision ${id} does not wait for approval`);
      if (trials.current())
        throw new UmbraError('UMB0701', 'another change is on trial; approve again in a few seconds');
      const reason = offer.refusal();
      if (reason !== undefined) throw new UmbraError('UMB0701', reason);
      for (const d of offer.decisions) offers.delete(d.id);
      offer.start({ by, decisions: offer.decisions });
    },
    expire(impaired) {
      const now = clock.now();
      for (const [id, offer] of offers) {
        if (impaired === offer.impaired && offer.expiresAt > now) continue;
        offers.delete(id);
        // It may be offered again if it is still the best idea.
        if (impaired && offer.steps !== undefined) said.delete(offer.steps);
      }
    },
  };
}
