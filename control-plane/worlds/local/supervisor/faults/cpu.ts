import type { FaultOperation } from '../../protocol.ts';
import { whereLeft } from '../control-group.ts';
import type { Replicas } from '../world-runtime.ts';
import type { FaultAction } from './action.ts';
import { targetsOf } from './targets.ts';

/** Without a declared limit a replica's CPU is what it uses lately, with room to double. */
const ROOM = 2;
const LEAST_CORES = 0.02;

/** Cores left to a replica. Pure. */
export function coresLeft(taken: number, limit: number, used: number, bound: number): number {
  const own = limit > 0 ? limit : Math.max(0.1, used * ROOM);
  const left = Math.max(LEAST_CORES, own * (1 - Math.min(0.95, Math.max(0, taken))));
  return bound > 0 ? Math.min(left, bound) : left;
}

/** Takes a share of its CPU from each target by its control group's quota. */
export function cpuExhaustion(
  runtime: Replicas,
  operation: Extract<FaultOperation, { kind: 'cpu' }>,
  bound: number,
): FaultAction {
  const targets = targetsOf(runtime, operation);
  const wanted = targets.map((r) => coresLeft(operation.taken, r.plan.cpuLimit, r.cores, bound));
  return {
    async apply() {
      for (const [i, replica] of targets.entries()) {
        if (!replica.group) throw new Error('replicas have no control group of their own here');
        replica.group.setCpu(wanted[i]!);
      }
    },
    async undo() {
      for (const { group, plan } of targets) whereLeft(() => group?.setCpu(plan.cpuLimit));
    },
    async state() {
      const now = targets.map((r) => whereLeft(() => r.group?.cpu()) ?? 0);
      // The kernel keeps whole microseconds.
      const inPlace = now.every((cores, i) => Math.abs(cores - wanted[i]!) < 0.001);
      return {
        inPlace,
        detail: targets
          .map((r, i) => `${r.plan.service}.${r.plan.replica} may use ${now[i] || 'all'} cores`)
          .join(', '),
      };
    },
  };
}
