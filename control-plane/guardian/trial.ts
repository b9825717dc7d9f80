import type { MitigationLease } from '../mesh/lease.ts';
import { describeMitigation, mitigationKinds } from '../mesh/mitigation.ts';
import type { Decision, DecisionOutcome, Pattern } from '../mesh/record.ts';
import { START_WITHIN_MS, type World } from '../mesh/world.ts';
import type { Goodness } from '../telemetry/goodness.ts';
import { createVerifier, type Judgement, type Verifier } from './verification.ts';

/** A change that has to prove itself: mitigations applied, or (kind `remove`) one taken back for a try. */
export interface Trial {
  readonly kind: 'apply' | 'remove';
  leases: readonly MitigationLease[];
  /** One for each lease applied, in their order; empty for a removal that nobody had to decide. */
  decisions: readonly Decision[];
  predicted: Goodness;
  /** Load behind the entry before it. */
  loadBefore: number;
  /** Whose plan it is, as a whole. */
  pattern?: Pattern | undefined;
  /** Version of the policy that chose it, whose credit follows the verdict; absent: a pattern, the static rules or an operator did. */
  readonly policy?: string;
  readonly startedAt: number;
  /** Ended by a verdict, a refusal or the operator; nothing is judged any more. */
  ended: boolean;
  /** The proxies acknowledged; from here on windows count. */
  effectiveAt?: number;
  refused?: string;
  verifier?: Verifier;
  last?: Judgement;
}

/** Proxies that have not acknowledged by then refuse. */
export const PATIENCE_MS = 8000;

/** How long the world may take to put the trial in force: a new replica has to start first. */
export function patienceOf({ kind, leases }: Pick<Trial, 'kind' | 'leases'>): number {
  return kind === 'apply' && leases.some(scales) ? START_WITHIN_MS + PATIENCE_MS : PATIENCE_MS;
}

/** A change that nothing shows of before it is in force as a whole. */
export const onlyScales = (leases: readonly MitigationLease[]) => leases.every(scales);
const scales = ({ mitigation }: MitigationLease) => mitigation.kind === 'scale';

/** A probe of removal watches this long: long enough for five windows. */
export const PROBE_MS = 5000;
/** And not shorter than this many in which users were seen. */
export const PROBE_WINDOWS = 3;

/** The longest trial among the leases, in ms. */
export function trialMsOf(leases: readonly MitigationLease[]): number {
  return Math.max(...leases.map((l) => mitigationKinds[l.mitigation.kind].trialMs));
}

/**
 * Carries the change out. Sets `effectiveAt` and the verifier when all proxies acknowledged, or `refused` with the reason, in
 * which case nothing of it is left in force. Never rejects.
 */
export async function carryOut(trial: Trial, world: Pick<World, 'apply' | 'remove' | 'clock'>): Promise<void> {
  try {
    if (trial.kind === 'remove') {
      for (const lease of trial.leases) await world.remove(lease.id);
      effective(trial, world.clock.now(), PROBE_MS, 0);
      return;
    }
    const answers = await Promise.all(trial.leases.map(async (lease) => ({ lease, result: await world.apply(lease) })));
    if (trial.ended) {
      // The operator undid it, or patience ended, before the proxies answered.
      await Promise.all(trial.leases.map((l) => world.remove(l.id)));
      return;
    }
    // What the operator undid before the proxies answered is no part of it any more.
    const results = answers.filter((a) => trial.leases.includes(a.lease)).map((a) => a.result);
    const refusal = results.find((r) => r.state === 'refused');
    if (refusal?.state === 'refused') {
      trial.refused = refusal.reason;
      await Promise.all(trial.leases.map((l) => world.remove(l.id)));
      return;
    }
    const at = Math.max(...results.map((r) => (r.state === 'effective' ? r.at : 0)));
    effective(trial, at, trialMsOf(trial.leases), undefined);
  } catch (error) {
    trial.refused = error instanceof Error ? error.message : String(error);
    await Promise.allSettled(trial.leases.map((l) => world.remove(l.id)));
  }
}

function effective(trial: Trial, at: number, trialMs: number, graceMs: number | undefined): void {
  trial.effectiveAt = at;
  const { predicted, loadBefore } = trial;
  trial.verifier = createVerifier({
    predicted,
    loadBefore,
    effectiveAt: at,
    trialMs,
    ...(graceMs === undefined ? {} : { graceMs }),
  });
}

/**
 * Takes one step of several out of a trial of mitigations: the rest is judged, on windows after `at` alone. Returns the step's
 * decision.
 */
export function withoutStep(trial: Trial, leaseId: string, at: number): Decision | undefined {
  const index = trial.leases.findIndex((l) => l.id === leaseId);
  const decision = trial.decisions[index];
  trial.leases = trial.leases.filter((_, i) => i !== index);
  trial.decisions = trial.decisions.filter((_, i) => i !== index);
  trial.pattern = undefined;
  if (trial.effectiveAt !== undefined) effective(trial, at, trialMsOf(trial.leases), undefined);
  return decision;
}

/** The outcome as stored with each decision of the trial. */
export function outcomeOf(
  trial: Trial,
  verdict: DecisionOutcome['verdict'],
  at: number,
  note?: string,
): DecisionOutcome {
  return {
    verdict,
    at,
    before: trial.predicted.ratio,
    predicted: trial.predicted.ratio,
    after: trial.last?.after ?? trial.predicted.ratio,
    ...(trial.effectiveAt === undefined ? {} : { effectiveAt: trial.effectiveAt }),
    ...(note === undefined ? {} : { note }),
  };
}

const share = (x: number) => `${(100 * x).toFixed(0)}%`;

/** For people: how it went, and how it would have gone. */
export const figures = ({ predicted }: Pick<Trial, 'predicted'>, after: number) =>
  `${share(after)} good where ${share(predicted.ratio)} was predicted without it`;

/** `a, then b` for people. */
export const planText = (leases: readonly MitigationLease[]) =>
  leases.map((l) => describeMitigation(l.mitigation)).join(', then ');
