import type { Mitigation, MitigationKind } from './mitigation.ts';
import type { Topology } from './topology.ts';

interface Range {
  readonly least: number;
  readonly most: number;
  readonly whole?: true;
}

/**
 * Strengths a person may ask for, in each kind's unit. Below and above are no stronger or weaker mitigations but ones that
 * {@link resolve}'s floors would turn into others, and who asked would not be told.
 */
const ranges: Record<MitigationKind, Range> = {
  'circuit-breaking': { least: 1, most: 100 },
  'outlier-detection': { least: 0.5, most: 1 },
  timeout: { least: 1, most: 100 },
  // As in an Application.
  retry: { least: 0, most: 5, whole: true },
  'rate-limit': { least: 0.5, most: 10 },
  'admission-control': { least: 0.1, most: 1 },
  failover: { least: 0.01, most: 1 },
  scale: { least: 1, most: 20, whole: true },
};

/** Strengths of a kind, in words: `0 to 5, whole`. */
export function describeRange(kind: MitigationKind): string {
  const { least, most, whole } = ranges[kind];
  return `${least} to ${most}${whole ? ', whole' : ''}`;
}

/** Why this strength cannot be had as it was asked for; undefined where it can. */
export function strengthProblem({ kind, target, strength }: Mitigation, topology: Topology): string | undefined {
  const { least, most, whole } = ranges[kind];
  if (whole && !Number.isInteger(strength)) return `${kind} takes whole numbers, not ${strength}`;
  if (!(strength >= least && strength <= most)) return `${kind} goes from ${least} to ${most}, not ${strength}`;
  if (kind !== 'scale' || !('service' in target)) return undefined;
  const service = topology.services[target.service];
  const room = service ? service.maxReplicas - service.replicas : 0;
  return room > 0 && strength > room ? `${target.service} has room for ${room} more, not ${strength}` : undefined;
}
