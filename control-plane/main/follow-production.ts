import type { ProductionState } from '../chaos/budget.ts';
import { createMirroring, type MirrorShare } from '../chaos/mirroring.ts';
import { createCostMeter, type ProductionCost } from '../chaos/production-cost.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Snapshot } from '../mesh/snapshot.ts';
import type { Topology } from '../mesh/topology.ts';
import type { Local } from './local.ts';

/** What the shadow owes production: copies only as far as production can spare them, and an account of what it cost. */
export interface FollowProduction {
  /** Takes one window of production in; sets the share of mirrored traffic. */
  window(snapshot: Snapshot): void;
  mirrored(): MirrorShare;
  /** What production paid between two times, ms since the epoch. */
  cost(from: number, to: number): ProductionCost;
}

/** What of a running control plane it needs. */
export interface Followed {
  readonly topology: Topology;
  readonly clock: Clock;
  readonly worlds: Pick<Local['worlds'], 'shadow' | 'machine' | 'mirrorShare'>;
  readonly collectors: { readonly production: Pick<Local['collectors']['production'], 'totals'> };
}

export function followProduction(options: {
  readonly local: Followed;
  readonly production: () => ProductionState;
  /** The shadow is trying to show what production shows. */
  readonly reproducing: () => boolean;
}): FollowProduction {
  const { topology, clock, worlds, collectors } = options.local;
  const mirroring = createMirroring();
  const meter = createCostMeter(topology.entry);
  let mirrored: MirrorShare = { share: 1 };
  return {
    window(snapshot) {
      const production = options.production();
      mirrored = mirroring.next(production, options.reproducing(), clock.now());
      worlds.mirrorShare(mirrored.share);
      const copies = collectors.production.totals().filters.umbra_mirror_sent ?? 0;
      const machine = worlds.machine();
      const faulted = worlds.shadow?.leases().some((l) => l.type === 'fault') ?? false;
      meter.window(
        snapshot,
        { copies, ...(machine ? { cpuSeconds: machine.ingressCpuSeconds } : {}) },
        faulted,
        production.incidentOpen,
      );
    },
    mirrored: () => mirrored,
    cost: meter.between,
  };
}
