import type { Registry } from 'prom-client';
import { createHistory } from '../api/history.ts';
import type {
  BudgetStatus,
  LearningStatus,
  Plane,
  PlaneEvent,
  PlaneStatus,
  SeenWorld,
  WorldStatus,
} from '../api/plane.ts';
import { buildReport } from '../api/report.ts';
import type { Budget } from '../chaos/budget.ts';
import type { ChaosLoop } from '../chaos/chaos-loop.ts';
import type { MirrorShare } from '../chaos/mirroring.ts';
import type { Guardian } from '../guardian/guardian.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Snapshot } from '../mesh/snapshot.ts';
import { lostText, problemText, type Store } from '../mesh/store.ts';
import type { Topology } from '../mesh/topology.ts';
import type { World } from '../mesh/world.ts';
import { createFidelity } from '../shadow/fidelity.ts';
import type { ComparedRoute } from '../shadow/mirror-routes.ts';
import type { Collector } from '../telemetry/collector.ts';
import type { ManagementServer } from '../xds/index.ts';
import { comparisons, mirrorStatus } from './mirror-status.ts';
import type { Policies } from './policies.ts';
import { xdsStatus } from './proxies.ts';
import { runRecords } from './run-records.ts';

export interface PlaneParts {
  readonly application: string;
  readonly version: string;
  /** When the run began, and whether this control plane is not its first. */
  readonly run: { readonly startedAt: number; readonly restarted: boolean };
  readonly clock: Clock;
  readonly store: Store;
  readonly topology: Topology;
  readonly xds: Pick<ManagementServer, 'status' | 'counters'>;
  /** Metrics of parts that count for themselves. */
  readonly registries: readonly Registry[];
  /** Where production's sidecars join. */
  readonly xdsAddress: string;
  readonly worlds: { readonly production: World; readonly shadow?: World };
  readonly collectors: { readonly production: Collector; readonly shadow?: Collector };
  readonly guardian: Guardian;
  readonly chaos?: ChaosLoop;
  readonly budget: Budget;
  readonly policies: Policies;
  readonly learning: () => LearningStatus;
  /** Attempts of the shadow to leave its walls. */
  readonly denied: () => Pick<PlaneStatus, 'denied' | 'deniedTargets'>;
  /** How much of what the Shadow document asks for is copied just now. */
  readonly mirrored: () => MirrorShare;
  /** Routes of which fidelity is a number, just now. */
  readonly routes: () => readonly ComparedRoute[];
  /** Whether the mirror filter was last seen alive. */
  readonly mirrorAlive: () => boolean;
  /** Share of the machine in use by what does not give way to production, 0..1. */
  readonly busy: () => number | undefined;
  readonly isolation: () => 'namespaces' | 'declared' | undefined;
  readonly noShadow?: string;
}

/** The running control plane as the API shows it, with the bookkeeping that is only for people. */
export interface RunningPlane extends Plane {
  emit(event: PlaneEvent): void;
  /** Takes one window of a world into history, fidelity and the live stream. */
  window(snapshot: Snapshot): void;
}

export function createPlane(parts: PlaneParts): RunningPlane {
  const { clock, store, worlds, collectors, guardian, policies } = parts;
  const startedAt = clock.now();
  const listeners = new Set<(event: PlaneEvent) => void>();
  const histories = { production: createHistory(), shadow: createHistory() };
  const fidelity = createFidelity(parts.routes);

  const emit = (event: PlaneEvent) => {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch {
        listeners.delete(listener);
      }
    }
  };

  function worldStatus(name: SeenWorld): WorldStatus {
    const world = worlds[name];
    if (!world) return { present: false, ready: false, notes: [parts.noShadow ?? 'there is no such world'], gaps: [] };
    const health = world.health();
    const isolation = name === 'shadow' ? parts.isolation() : undefined;
    const activity = name === 'shadow' ? parts.chaos?.status().activity : undefined;
    return {
      present: true,
      ready: health.ready,
      notes: health.notes,
      gaps: world.latest()?.gaps ?? [],
      ...(isolation === undefined ? {} : { isolation }),
      ...(activity === undefined ? {} : { activity }),
    };
  }

  const budgetStatus = (): BudgetStatus => {
    const paused = parts.chaos?.status().paused ?? parts.budget.refusal();
    const { capacity, perHour } = parts.budget;
    const busy = parts.busy();
    const machine = busy === undefined ? {} : { busy };
    return {
      balance: parts.budget.balance(),
      capacity,
      perHour,
      ...machine,
      ...(paused === undefined ? {} : { paused }),
    };
  };

  const mirror = () => {
    const { filters } = collectors.production.totals();
    return mirrorStatus(filters, parts.mirrorAlive(), worlds.shadow ? parts.mirrored() : undefined);
  };

  function notes(): string[] {
    const problem = store.problem();
    const decider = policies.decider();
    return [
      ...(problem ? [problemText(problem)] : store.lost() > 0 ? [lostText(store.lost())] : []),
      ...(parts.chaos?.status().problems ?? []),
      ...(decider === 'learned' ? [] : [`mitigations are chosen by “${decider}”, not by what was learned`]),
    ];
  }

  const plane: RunningPlane = {
    clock,
    records: store,
    registries: parts.registries,
    status: (): PlaneStatus => ({
      application: parts.application,
      version: parts.version,
      startedAt,
      worlds: { production: worldStatus('production'), shadow: worldStatus('shadow') },
      policy: { version: policies.current().version, kind: policies.kind(), notes: policies.notes() },
      modes: Object.fromEntries(
        Object.values(parts.topology.services)
          .filter((s) => !s.external)
          .map((s) => [s.id, guardian.modeOf(s.id)]),
      ),
      xds: { ...xdsStatus(parts.xds, collectors), address: parts.xdsAddress },
      budget: budgetStatus(),
      ...parts.denied(),
      notes: notes(),
    }),
    topology: () => parts.topology,
    latest: (world) => worlds[world]?.latest(),
    history: (world) => histories[world].read(),
    leases: (world) => worlds[world]?.leases() ?? [],
    learning: parts.learning,
    fidelity: () => {
      const read = fidelity.read();
      const share = parts.chaos?.status().unfaultedShare;
      return { ...read, ...(share === undefined ? {} : { unfaultedShare: share }) };
    },
    mirror,
    report: () => {
      const { offered, good } = collectors.production.totals();
      return buildReport({
        ...runRecords(store, parts.run.startedAt),
        ...(parts.run.restarted ? { countedSince: startedAt } : {}),
        traffic: { offered, good },
        mirror: mirror(),
        fidelity: plane.fidelity(),
        denied: parts.denied(),
        xds: parts.xds.counters,
        learning: parts.learning(),
      });
    },
    storeProblem() {
      try {
        // A failure does not throw, it waits.
        const probe = new TextEncoder().encode(String(clock.now()));
        store.putBlob('probe', probe);
        const problem = store.problem();
        if (problem) return problemText(problem);
        return store.blob('probe')?.length === probe.length ? undefined : 'what was written is not what is read';
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
    override: (request) => guardian.override(request),
    overrides: () => guardian.overrides(),
    cancelOverride: (id, by) => guardian.cancelOverride(id, by),
    decideBy(decider, by) {
      policies.decide(decider);
      const entry = store.audit.append({ at: clock.now(), by, action: 'decider', subject: decider, detail: {} });
      emit({ type: 'audit', entry });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    emit,
    window(snapshot) {
      const name = snapshot.world === 'shadow' ? 'shadow' : 'production';
      histories[name].record(snapshot, plane.leases(name));
      if (name === 'production') {
        const faulted = plane.leases('shadow').some((l) => l.type === 'fault');
        fidelity.record(
          snapshot,
          worlds.shadow?.latest(),
          faulted,
          comparisons(collectors.production.totals().filters),
        );
      }
      emit({ type: 'snapshot', snapshot });
    },
  };
  return plane;
}
