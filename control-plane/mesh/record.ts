import type { Fault } from './fault.ts';
import { type Action, describeMitigation, type Mitigation, type Plan } from './mitigation.ts';
import type { Snapshot } from './snapshot.ts';
import type { EdgeId, ServiceId } from './topology.ts';

/** What the detector sees wrong on an edge or service, how badly (0..1), since when, and how fast it grows (severity/s). */
export interface Symptom {
  readonly kind:
    | 'errors'
    | 'slow'
    | 'timeouts'
    | 'saturation'
    | 'retry-amplification'
    | 'cpu'
    | 'memory'
    | 'unready'
    | 'goodput'
    | 'surge';
  readonly target: { readonly edge: EdgeId } | { readonly service: ServiceId };
  readonly severity: number;
  readonly since: number;
  readonly growth: number;
}

/** What the detector makes of a window: symptoms, worst first, where they seem to begin, and whether users suffer. */
export interface Diagnosis {
  readonly at: number;
  readonly symptoms: readonly Symptom[];
  /** Services most likely at the root, best first. */
  readonly origins: readonly { readonly service: ServiceId; readonly score: number }[];
  /** True while goodput at the entry is impaired: what opens and closes incidents. */
  readonly impaired: boolean;
  /** good ÷ what healthy traffic would give, 0..1. */
  readonly goodRatio: number;
}

/** A scored candidate, as stored with a decision. */
export interface ScoredCandidate {
  readonly action: Action;
  /** Expected advantage over waiting, in shares of goodput, and the calibrated spread around it. */
  readonly mean: number;
  readonly spread: number;
  readonly lower: number;
  /** With what probability the behaviour policy chose it (exploration), for off-policy evaluation. */
  readonly probability: number;
  /** Why it may not be chosen (mask, forbid, floor); absent = allowed. */
  readonly masked?: string;
}

/** One decision: everything needed to say later why this and not that. */
export interface Decision {
  readonly id: string;
  readonly at: number;
  readonly world: 'shadow' | 'production';
  readonly incident?: string;
  readonly episode?: string;
  readonly step: number;
  readonly source: 'pattern' | 'policy' | 'operator' | 'exploration' | 'none';
  readonly pattern?: string;
  readonly action: Action;
  /** The best candidates, at most 12, best first. */
  readonly candidates: readonly ScoredCandidate[];
  readonly snapshot: Snapshot;
  readonly diagnosis: Diagnosis;
  readonly policyVersion: string;
  /** In words. */
  readonly why: string;
  outcome?: DecisionOutcome;
}

export interface DecisionOutcome {
  readonly verdict: 'kept' | 'removed-worse' | 'removed-no-better' | 'undone-by-operator' | 'refused';
  readonly at: number;
  /** Good ratio before, predicted without the action, and after. */
  readonly before: number;
  readonly predicted: number;
  readonly after: number;
  readonly effectiveAt?: number;
  readonly note?: string;
}

/** Symptoms in production, from onset to recovery, with every decision taken and why. */
export interface Incident {
  readonly id: string;
  readonly onset: number;
  readonly detectedAt: number;
  firstActionAt?: number;
  recoveredAt?: number;
  closedAt?: number;
  readonly goodputBefore: number;
  goodputDuring: number;
  goodputAfter?: number;
  signature: string;
  origins: readonly ServiceId[];
  plan: Plan;
  source: 'pattern' | 'policy' | 'operator' | 'none';
  /** Ids of decisions, in order. */
  decisions: string[];
  undone: number;
  state: 'open' | 'mitigated' | 'recovered';
  /** What the operator should know: nothing confident known, awaiting approval, frozen… */
  notes: string[];
}

/** Baseline, fault, up to four trials, clearing. */
export interface Episode {
  readonly id: string;
  readonly startedAt: number;
  endedAt?: number;
  readonly fault: Fault;
  /** A paired replay without mitigation, against which patterns are believed. */
  readonly control: boolean;
  /** The episode this one is the control of. */
  readonly controlOf?: string;
  /** Measured: did the fault take effect, was it gone after. */
  tookEffect?: boolean;
  cleared?: boolean;
  detectedAfterMs?: number;
  signature?: string;
  /** Services in which symptoms were seen. */
  reached: readonly ServiceId[];
  plan: Mitigation[];
  decisions: string[];
  goodBaseline: number;
  goodFaulted: number;
  goodMitigated?: number;
  recovered: boolean;
  /** Why it was cut short or is not to be learned from. */
  invalid?: string;
}

/** A plan that healed a fault signature, with its evidence. */
export interface Pattern {
  readonly id: string;
  /** What the detector saw, in coarse terms that hold across rates: e.g. `origin=payments slow+timeouts depth=2 surge=0`. */
  readonly signature: string;
  readonly plan: Plan;
  trials: number;
  successes: number;
  /** Paired no-action trials, and how many of them did not recover. */
  controls: number;
  controlFailed: number;
  /** Wilson 95% interval of the success ratio. */
  interval: readonly [number, number];
  /** Mean goodput recovered (share of healthy) and cost. */
  gain: number;
  cost: number;
  readonly firstSeen: number;
  lastSeen: number;
  /** Kinds of fault it was seen under; for people, never a feature. */
  faults: readonly string[];
  status: 'candidate' | 'trusted' | 'retired';
}

/** What one episode (or incident) says of a pattern. */
export interface PatternEvidence {
  readonly signature: string;
  readonly plan: Plan;
  readonly at: number;
  /** A kind of fault, for people. */
  readonly fault?: string;
  /** The plan was tried while the fault was still in force through the verification: whether it healed. */
  readonly healed?: boolean;
  /** A paired no-action trial was run: whether it recovered by itself. */
  readonly controlRecovered?: boolean;
  /** Goodput recovered, as a share of healthy; counted where `healed` is given. */
  readonly gain?: number;
  readonly cost?: number;
}

export type Mode = 'off' | 'observe' | 'approve' | 'auto';

/** An operator's standing order. It beats the policy always and expires. */
export type OverrideOrder =
  | { readonly type: 'freeze' /** absent = everything */; readonly service?: ServiceId }
  | { readonly type: 'mode'; readonly service: ServiceId; readonly mode: Mode }
  | { readonly type: 'pin'; readonly mitigation: Mitigation }
  | { readonly type: 'forbid' /** kind or `kind@target` */; readonly what: string }
  | { readonly type: 'undo'; readonly lease: string }
  | { readonly type: 'approve'; readonly decision: string };

/** An order in words: `freeze cart`, `pin retry@web>cart×0`. */
export function describeOrder(order: OverrideOrder): string {
  switch (order.type) {
    case 'freeze':
      return `freeze ${order.service ?? 'everything'}`;
    case 'mode':
      return `mode ${order.service} ${order.mode}`;
    case 'pin':
      return `pin ${describeMitigation(order.mitigation)}`;
    case 'forbid':
      return `forbid ${order.what}`;
    case 'undo':
      return `undo ${order.lease}`;
    case 'approve':
      return `approve ${order.decision}`;
  }
}

export interface Override {
  readonly id: string;
  readonly order: OverrideOrder;
  readonly by: string;
  readonly reason: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** What its giver should know, in words: that it could not be written, say. */
  readonly note?: string;
}

/** One line of the append-only audit log. */
export interface AuditEntry {
  readonly seq: number;
  readonly at: number;
  readonly by: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: unknown;
}

/** One line of the chaos budget's ledger, in risk-seconds; spending is negative. */
export interface LedgerEntry {
  readonly at: number;
  readonly amount: number;
  readonly balance: number;
  readonly why: string;
  readonly episode?: string;
}
