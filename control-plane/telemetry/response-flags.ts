import type { ErrorRates } from '../mesh/snapshot.ts';

export type ErrorKind = keyof ErrorRates;

/**
 * Envoy's short response flags by what they mean for an edge, most telling first: several may be set on one answer. A caller
 * that went away (DC) or took its request back (DR) had waited as long as it would, which is a time-out of its own. Flags of
 * filters that no proxy of ours has are left out.
 */
const meaning: readonly (readonly [string, ErrorKind])[] = [
  ['UT', 'timeout'],
  ['SI', 'timeout'],
  ['DT', 'timeout'],
  ['UMSDR', 'timeout'],
  ['UO', 'overflow'],
  ['OM', 'overflow'],
  ['RL', 'shed'],
  ['DO', 'shed'],
  ['UDO', 'shed'],
  ['UF', 'connect'],
  ['UH', 'connect'],
  ['NR', 'connect'],
  ['NC', 'connect'],
  ['DF', 'connect'],
  ['UC', 'reset'],
  ['UR', 'reset'],
  ['LR', 'reset'],
  ['UPE', 'reset'],
  ['DPE', 'reset'],
  ['DC', 'timeout'],
  ['DR', 'timeout'],
];

/** The kind of failure that `%RESPONSE_FLAGS%` tells of (`UT,URX`); an answer without flags is the callee's own. */
export function errorKind(flags: string): ErrorKind {
  const set = new Set(flags.split(','));
  for (const [flag, kind] of meaning) if (set.has(flag)) return kind;
  return 'http5xx';
}
