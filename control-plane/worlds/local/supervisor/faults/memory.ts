import type { FaultOperation } from '../../protocol.ts';
import { whereLeft } from '../control-group.ts';
import type { Replicas } from '../world-runtime.ts';
import type { FaultAction } from './action.ts';
import { targetsOf } from './targets.ts';

/** Room above what is used at closeness 0, as a share of it. */
const MOST_ROOM = 0.4;
const STEP = 2 * 2 ** 20;
const LEAST = 8 * 2 ** 20;

/** Bytes a replica may use. Pure. */
export function memoryLeft(closeness: number, used: number): number {
  return Math.max(LEAST, Math.ceil(used * (1 + MOST_ROOM * (1 - Math.min(1, Math.max(0, closeness))))));
}

/** Draws each target's memory limit close to what it uses: it is reclaimed from, and killed when it grows. */
export function memoryExhaustion(
  runtime: Replicas,
  operation: Extract<FaultOperation, { kind: 'memory' }>,
): FaultAction {
  const targets = targetsOf(runtime, operation);
  const set = new Map<string, number>();
  const name = (r: (typeof targets)[number]) => `${r.plan.service}.${r.plan.replica}`;
  return {
    async apply() {
      for (const replica of targets) {
        const { group } = replica;
        if (!group) throw new Error('replicas have no control group of their own here');
        let limit = memoryLeft(operation.closeness, group.memoryUsed());
        // Version 1 refuses a limit below what cannot be reclaimed; use grows meanwhile.
        for (let tries = 0; ; tries++) {
          try {
            group.setMemory(limit);
            break;
          } catch (e) {
            if ((e as NodeJS.ErrnoException).code !== 'EBUSY' || tries > 50) throw e;
            limit += STEP;
          }
        }
        set.set(name(replica), group.memory());
      }
    },
    async undo() {
      for (const { group, plan } of targets) whereLeft(() => group?.setMemory(plan.memoryLimit));
    },
    async state() {
      const limit = ({ group }: (typeof targets)[number]) => whereLeft(() => group?.memory());
      const inPlace = targets.every((r) => set.has(name(r)) && limit(r) === set.get(name(r)));
      return {
        inPlace,
        detail: targets.map((r) => `${name(r)} may use ${limit(r) || 'all'} bytes`).join(', '),
      };
    },
  };
}
