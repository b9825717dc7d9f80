import type { Replica } from '../replica.ts';
import type { Replicas } from '../world-runtime.ts';

/** The replicas a fault hits: the one named, or a share of them, at least one. @throws where there are none */
export function targetsOf(runtime: Replicas, fault: { service: string; replica?: number; share?: number }): Replica[] {
  const all = runtime.replicas(fault.service);
  const chosen =
    fault.replica === undefined
      ? all.slice(0, Math.max(1, Math.ceil(all.length * Math.min(1, fault.share ?? 1))))
      : all.filter((r) => r.plan.replica === fault.replica);
  if (chosen.length === 0) throw new Error(`${fault.service} has no such replica in the shadow`);
  return chosen;
}
