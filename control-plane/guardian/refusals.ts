import { describeMitigation, type Mitigation } from '../mesh/mitigation.ts';
import type { Diagnosis } from '../mesh/record.ts';
import type { HealthyState, Snapshot } from '../mesh/snapshot.ts';
import type { World } from '../mesh/world.ts';
import { maskOf, servicesOf, usersOf } from './masks.ts';
import type { Overrides } from './overrides.ts';

/**
 * Why a mitigation may not be put in force in the state of a window, or undefined: the masks, the operator's orders and what this
 * incident tried in vain. Orders are read at every call, so that one which comes while a decision is being made counts.
 */
export type RefusalsAt = (latest: Snapshot, diagnosis: Diagnosis) => (m: Mitigation) => string | undefined;

export function createRefusals(options: {
  readonly world: World;
  readonly healthy: () => HealthyState;
  readonly overrides: Overrides;
  /** What this incident tried in vain, with the reason it is not tried again. */
  readonly tried: ReadonlyMap<string, string>;
}): RefusalsAt {
  const { world, overrides, tried } = options;
  const { topology } = world;
  const forbidden = (m: Mitigation) => {
    const services = servicesOf(m, topology);
    const off = overrides.modeOf(services) === 'off' ? `Umbra is off for ${services.join(', ')}` : undefined;
    return off ?? overrides.frozen(services) ?? overrides.forbids(m) ?? tried.get(describeMitigation(m));
  };
  return (latest, diagnosis) =>
    maskOf({
      topology,
      healthy: options.healthy(),
      latest,
      capabilities: world.capabilities(),
      inForce: world.leases().filter((l) => l.type === 'mitigation'),
      users: usersOf(diagnosis),
      forbidden,
    });
}
