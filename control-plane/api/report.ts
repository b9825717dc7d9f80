import { describeMitigation } from '../mesh/mitigation.ts';
import type { Decision, Episode, Incident, Pattern } from '../mesh/record.ts';
import type {
  FidelityStatus,
  LearningStatus,
  MirrorStatus,
  PlaneStatus,
  RouteFidelityStatus,
  XdsStatus,
} from './plane.ts';
import type { Report, ReportIncident, ReportRoute } from './report.schema.ts';

export interface ReportInput {
  /** The run's start; records from before it (an earlier run's, from the store) do not count. Patterns do. */
  readonly since: number;
  /** Since when the control plane has counted what is in no record, where it was started again within the run. */
  readonly countedSince?: number;
  /** Most records that the store keeps of a kind: a run that has as many may have had more. */
  readonly mostKept?: Readonly<Record<'episodes' | 'decisions' | 'incidents', number>>;
  /** Totals of production's entry over the run. */
  readonly traffic: { readonly offered: number; readonly good: number };
  readonly mirror: Pick<MirrorStatus, 'mirrored' | 'dropped'>;
  readonly episodes: readonly Episode[];
  readonly decisions: readonly Decision[];
  readonly patterns: readonly Pattern[];
  readonly incidents: readonly Incident[];
  readonly fidelity: Pick<FidelityStatus, 'score' | 'routes' | 'unfaultedShare'>;
  /** Found by comparing production's state with what its users did; absent = nobody compared. */
  readonly leakedWrites?: number;
  readonly denied: Pick<PlaneStatus, 'denied' | 'deniedTargets'>;
  readonly xds: Pick<XdsStatus, 'pushes' | 'acks' | 'nacks'>;
  readonly learning: Pick<LearningStatus, 'trainingSteps' | 'loss' | 'policyVersion'>;
  /** Troubles somebody started on purpose, oldest first; absent = not known, which is not the same as none. */
  readonly troubles?: readonly { readonly name: string; readonly at: number; readonly until?: number }[];
}

/** An incident may begin a little before its trouble's note is written, and may outlive it (queues drain). */
const BEFORE_MS = 2_000;
const AFTER_MS = 30_000;
/** A detector's alarm in which users lost less than this share was about nothing. */
const HARMLESS = 0.05;

/** The run's report from the records. Pure. */
export function buildReport(input: ReportInput): Report {
  const episodes = input.episodes.filter((e) => e.startedAt >= input.since);
  // In force by the world's own word; that nobody felt it says something of the application.
  const faulted = episodes.filter((e) => !e.invalid?.startsWith('refused'));
  const byKind: Record<string, number> = {};
  for (const e of faulted) byKind[e.fault.kind] = (byKind[e.fault.kind] ?? 0) + 1;
  const decided = input.decisions.filter((d) => d.at >= input.since && d.world === 'shadow');
  const tried = decided.filter(
    (d) => d.action.do === 'apply' && d.outcome !== undefined && d.outcome.verdict !== 'refused',
  );
  const incidents = input.incidents.filter((i) => i.onset >= input.since).sort((a, b) => a.onset - b.onset);
  const troubleOf = (i: Incident) =>
    input.troubles?.findLast((t) => i.onset >= t.at - BEFORE_MS && i.onset <= (t.until ?? Number.MAX_VALUE) + AFTER_MS)
      ?.name;
  const isFalse = (i: Incident) =>
    input.troubles ? troubleOf(i) === undefined : i.goodputDuring >= i.goodputBefore * (1 - HARMLESS);
  const most = input.mostKept;
  const lowerBounds = most && [
    ...(episodes.length >= most.episodes ? ['episodes with their faults'] : []),
    ...(decided.length >= most.decisions ? ['mitigations tried in the shadow'] : []),
    ...(incidents.length >= most.incidents ? ['incidents'] : []),
  ];
  const notes = [
    ...(input.countedSince === undefined
      ? []
      : [
          `the control plane was started again at ${new Date(input.countedSince).toISOString()}: what it counts itself of traffic, copies, fidelity, unfaulted time, xDS and training begins there`,
        ]),
    ...(lowerBounds?.length
      ? [
          `the store keeps only the newest records: there were at least as many ${lowerBounds.join(', ')} as are counted`,
        ]
      : []),
  ];
  return {
    ...(notes.length > 0 ? { notes } : {}),
    traffic: {
      offered: whole(input.traffic.offered),
      good: whole(input.traffic.good),
      mirrored: whole(input.mirror.mirrored),
      mirrorDropped: whole(Object.values(input.mirror.dropped).reduce((a, b) => a + b, 0)),
    },
    shadow: {
      episodes: episodes.length,
      faultsInjected: faulted.length,
      byKind,
      failuresDetected: faulted.filter((e) => e.detectedAfterMs !== undefined).length,
      mitigationsTried: tried.length,
      mitigationsSuccessful: tried.filter((d) => d.outcome!.verdict === 'kept').length,
      patterns: input.patterns.map((p) => ({
        signature: p.signature,
        plan: p.plan.map(describeMitigation),
        trials: p.trials,
        successes: p.successes,
        controlFailed: p.controlFailed,
      })),
      fidelity: input.fidelity.score === undefined ? null : share(input.fidelity.score),
      fidelityByRoute: input.fidelity.routes.map(reportRoute),
      leakedWrites: input.leakedWrites === undefined ? null : whole(input.leakedWrites),
      denied: Object.fromEntries(Object.entries(input.denied.denied).map(([what, n]) => [what, whole(n)])),
      deniedTargets: input.denied.deniedTargets.map(({ what, count }) => ({ what, count: whole(count) })),
      unfaultedShare: share(input.fidelity.unfaultedShare),
    },
    production: {
      incidents: incidents.map((i) => reportIncident(i, troubleOf(i))),
      falseAlarms: incidents.filter(isFalse).length,
    },
    xds: { pushes: input.xds.pushes, acks: input.xds.acks, nacks: input.xds.nacks },
    learning: {
      trainingSteps: whole(input.learning.trainingSteps),
      loss: input.learning.loss !== undefined && Number.isFinite(input.learning.loss) ? input.learning.loss : null,
      policyVersion: input.learning.policyVersion,
    },
  };
}

function reportIncident(i: Incident, trouble: string | undefined): ReportIncident {
  return {
    ...(trouble === undefined ? {} : { trouble }),
    onset: i.onset,
    detectedAt: i.detectedAt,
    ...(i.firstActionAt === undefined ? {} : { firstActionAt: i.firstActionAt }),
    ...(i.recoveredAt === undefined ? {} : { recoveredAt: i.recoveredAt }),
    goodputBefore: number(i.goodputBefore),
    goodputDuring: number(i.goodputDuring),
    ...(i.goodputAfter === undefined ? {} : { goodputAfter: number(i.goodputAfter) }),
    plan: i.plan.map(describeMitigation),
    // What an operator did is in the audit log; the report tells what Umbra knew.
    source: i.source === 'operator' ? 'none' : i.source,
    undone: i.undone,
  };
}

function reportRoute(r: RouteFidelityStatus): ReportRoute {
  const known = (x: number | undefined) => (x === undefined ? null : share(x));
  return {
    route: r.route,
    compared: whole(r.compared),
    status: known(r.status),
    structure: known(r.structure),
    pairs: whole(r.pairs),
    noiseFloor: known(r.noiseFloor),
    score: known(r.score),
    interval: r.interval === undefined ? null : [share(r.interval[0]), share(r.interval[1])],
    note: r.note ?? null,
  };
}

const number = (x: number) => (Number.isFinite(x) ? x : 0);
const whole = (x: number) => Math.max(0, Math.round(number(x)));
const share = (x: number) => Math.min(1, Math.max(0, number(x)));
