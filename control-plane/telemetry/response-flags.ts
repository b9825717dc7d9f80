import type { ErrorRates } from '../mesh/snapshot.ts';

export type ErrorKind = keyof ErrorRates;

/**
 * Envoy's short response flags by what they mean for an edge, most telling first: several may be set on one answer. A caller
 * that went away (DC) had waited as long as it would, which is a time-out of its own.
 */
const meaning: readonly (readonly [string, ErrorKind])[] = [
  ['UT', 'timeout'],
  ['SI', 'timeout'],
  ['DT', 'timeout'],
  ['UMSDR', 'timeout'],
  ['UO', 'overflow'],
  ['OM', 'overflow'],
  ['RL', 'shed'],
  ['UF', 'connect'],
  ['UH', 'connect'],
  ['NR', 'connect'],
  ['NC', 'connect'],
  ['UC', 'reset'],
  ['UR', 'reset'],
  ['LR', 'reset'],
  ['UPE', 'reset'],
  ['DC', 'timeout'],
];

/** The kind of failure that `%RESPONSE_FLAGS%` tells of (`UT,URX`); an answer without flags is the callee's own. */
export function errorKind(flags: string): ErrorKind {
  const set = new Set(flags.split(','));
  for (const [flag, kind] of meaning) if (set.has(flag)) return kind;
  return 'http5xx';
}
