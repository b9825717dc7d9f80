import type { Registry } from 'prom-client';
import type { Clock } from '../mesh/clock.ts';
import type { Lease } from '../mesh/lease.ts';
import type {
  AuditEntry,
  Decision,
  Episode,
  Incident,
  LedgerEntry,
  Mode,
  Override,
  OverrideOrder,
  Pattern,
} from '../mesh/record.ts';
import type { Snapshot } from '../mesh/snapshot.ts';
import type { Collection } from '../mesh/store.ts';
import type { EdgeId, ServiceId, Topology } from '../mesh/topology.ts';
import type { History } from './history.ts';
import type { Report } from './report.schema.ts';

/** Who chooses mitigations: what was learned, hand-written rules, or a random order (a baseline to compare with). */
export type Decider = 'learned' | 'rules' | 'random';

/** The worlds a person sees. */
export type SeenWorld = 'production' | 'shadow';
export const seenWorlds: readonly SeenWorld[] = ['production', 'shadow'];

/**
 * All that the API shows and commands of a running control plane. main.ts implements it; tests make one of their own.
 * Reading is cheap and synchronous; it must not throw: what is missing is said in words (`notes`, `gaps`, `note`).
 */
export interface Plane {
  readonly clock: Clock;
  /** Records in the store; a {@link Store} fits as it is. */
  readonly records: Records;
  status(): PlaneStatus;
  topology(): Topology;
  /** The newest complete window, or undefined before the first or where there is no such world. */
  latest(world: SeenWorld): Snapshot | undefined;
  /** The last 15 minutes; {@link createHistory} keeps it. */
  history(world: SeenWorld): History;
  /** Faults and mitigations in force. */
  leases(world: SeenWorld): readonly Lease[];
  learning(): LearningStatus;
  fidelity(): FidelityStatus;
  mirror(): MirrorStatus;
  /** What has happened since the run's start; {@link buildReport} makes it. */
  report(): Report;
  /** Metrics of parts that count for themselves, shown with the plane's own. */
  readonly registries?: readonly Registry[];
  /** Writes to the store and reads it back; the reason in words when that fails. */
  storeProblem(): string | undefined;
  /** Carries out an operator's order at once. @throws UmbraError where it cannot be carried out (nothing is then in force) */
  override(request: OverrideRequest): Promise<Override>;
  /** Standing orders that have not expired, newest first. */
  overrides(): readonly Override[];
  /** Takes a standing order back. @throws UmbraError UMB0804 where there is none of that id */
  cancelOverride(id: string, by: string): Promise<void>;
  /** Changes who chooses mitigations, until it is changed again or the control plane restarts; audited. */
  decideBy(decider: Decider, by: string): void;
  /** Calls `listener` at every change until the returned function is called. A listener that throws harms nobody else. */
  subscribe(listener: (event: PlaneEvent) => void): () => void;
}

type Readable<T> = Pick<Collection<T>, 'get' | 'list' | 'count'>;
export interface Records {
  readonly incidents: Readable<Incident>;
  readonly decisions: Readable<Decision>;
  readonly episodes: Readable<Episode>;
  readonly patterns: Readable<Pattern>;
  readonly audit: { list(options?: { limit?: number; afterSeq?: number }): AuditEntry[] };
  readonly ledger: { list(options?: { limit?: number; since?: number }): LedgerEntry[] };
}

export interface OverrideRequest {
  readonly order: OverrideOrder;
  /** Who gives it, for the audit log. */
  readonly by: string;
  readonly reason: string;
  /** How long it stands. */
  readonly ttlMs: number;
}

/** A record is sent when it is new and again whenever it changed: a decision comes once more with its outcome. */
export type PlaneEvent =
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly type: 'leases'; readonly world: SeenWorld }
  | { readonly type: 'incident'; readonly incident: Incident }
  | { readonly type: 'decision'; readonly decision: Decision }
  | { readonly type: 'episode'; readonly episode: Episode }
  | { readonly type: 'pattern'; readonly pattern: Pattern }
  | { readonly type: 'overrides' }
  | { readonly type: 'audit'; readonly entry: AuditEntry }
  | { readonly type: 'ledger'; readonly entry: LedgerEntry };

export interface PlaneStatus {
  readonly application: string;
  /** Umbra's own version. */
  readonly version: string;
  readonly startedAt: number;
  readonly worlds: Readonly<Record<SeenWorld, WorldStatus>>;
  readonly policy: PolicyStatus;
  /** What Umbra may do to each service in production, overrides applied. */
  readonly modes: Readonly<Record<ServiceId, Mode>>;
  readonly xds: XdsStatus;
  readonly budget: BudgetStatus;
  /** Attempts of the shadow to leave its walls, by what was attempted. */
  readonly denied: Readonly<Record<string, number>>;
  /** What it tried to reach, at most 20, the most often tried first: `ADDRESS:PORT`, or a path below production's folder. */
  readonly deniedTargets: readonly DeniedTarget[];
  /** What an operator should know that belongs nowhere else. */
  readonly notes: readonly string[];
}

/** Something the shadow tried to reach and was denied, and how often. */
export interface DeniedTarget {
  readonly what: string;
  readonly count: number;
}

export interface WorldStatus {
  /** False: there is no such world, and `notes` says why. */
  readonly present: boolean;
  readonly ready: boolean;
  readonly notes: readonly string[];
  /** What the newest picture lacks. */
  readonly gaps: readonly string[];
  /** The shadow's walls; `declared` is the weak one and is shown red. Absent for production. */
  readonly isolation?: 'namespaces' | 'declared';
  /** What the chaos loop does now, in words: `episode e12: latency@cart, trial 2`. */
  readonly activity?: string;
}

export interface PolicyStatus {
  readonly version: string;
  /** `static`: no usable model, and `notes` says why. */
  readonly kind: 'onnx' | 'static';
  readonly notes: readonly string[];
}

export interface XdsStatus {
  readonly pushes: number;
  readonly acks: number;
  readonly nacks: number;
  readonly nodes: readonly ProxyStatus[];
  /** Where sidecars of production join: `unix:PATH` or `HOST:PORT`. What `umbra xds status` and its like ask. */
  readonly address?: string;
}

/** One sidecar as the control plane sees it. Times are ms since the epoch. */
export interface ProxyStatus {
  readonly id: string;
  readonly world: SeenWorld;
  readonly connected: boolean;
  /** Every resource type it subscribed to is acknowledged at the newest version. */
  readonly acknowledged: boolean;
  /** The newest refusal, also after the last good configuration was restored: in its own words, of the resources named. */
  readonly lastNack?: {
    readonly type: string;
    readonly names: readonly string[];
    readonly detail: string;
    readonly at: number;
  };
  /** What it does not have now because it was refused; `name` is `*` for a type as a whole. */
  readonly refused: readonly { readonly type: string; readonly name: string; readonly detail: string }[];
  /** When its metrics last came in; absent = never. */
  readonly metricsAt?: number;
}

/** In risk-seconds. */
export interface BudgetStatus {
  readonly balance: number;
  readonly capacity: number;
  readonly perHour: number;
  /** Share 0..1 of the machine in use by what does not give way to production; absent = unknown. */
  readonly busy?: number;
  /** Why nothing is spent now (production burns its SLO, empty, frozen); absent = spending is allowed. */
  readonly paused?: string;
}

export interface LearningStatus {
  readonly trainingSteps: number;
  /** Of the last step. */
  readonly loss?: number;
  readonly policyVersion: string;
  /** Candidates with a measured outcome that training draws from. */
  readonly experiences: number;
  readonly promotions: number;
  readonly lastTrainedAt?: number;
  readonly note?: string;
}

/** How far the shadow answers one route as production does. All numbers but the counts are shares, 0..1. */
export interface RouteFidelityStatus {
  /** A route of the Shadow document, or a protected prefix; `other` is what is of none. */
  readonly route: string;
  readonly compared: number;
  /** Share of answers with production's status; of those, the share with its structure. Absent before there are enough. */
  readonly status?: number;
  readonly structure?: number;
  /** Requests sent to the shadow twice, and the share of them that it answered differently: it says nothing of the shadow. */
  readonly pairs: number;
  readonly noiseFloor?: number;
  /** Share of answers that the shadow does not differ in by itself: agreement, corrected by the noise floor. */
  readonly score?: number;
  /** 95% of the score. */
  readonly interval?: readonly [low: number, high: number];
  /** Why there is no score, or what it leaves out. */
  readonly note?: string;
}

export interface FidelityStatus {
  /** The routes' scores, weighted by answers, 0..1; absent until enough were compared, and `note` says so. */
  readonly score?: number;
  /** 95% of the score. */
  readonly interval?: readonly [low: number, high: number];
  /** Answers compared in unfaulted windows. */
  readonly compared: number;
  /** The worst first. */
  readonly routes: readonly RouteFidelityStatus[];
  readonly windows: number;
  /** Share of the shadow's time without a fault, 0..1. */
  readonly unfaultedShare: number;
  readonly byEdge?: Readonly<Record<EdgeId, number>>;
  readonly note?: string;
}

/** Counters since the control plane's start. */
export interface MirrorStatus {
  /** How much of what the Shadow document asks for is copied just now, 0..1; `note` says why where that is not all. */
  readonly share: number;
  readonly mirrored: number;
  /** Copies that were sampled but not sent or not answered, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Requests that cannot be copied, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly compared: number;
  readonly differing: number;
  /** The filter's heartbeat moves. */
  readonly alive: boolean;
  readonly note?: string;
}
