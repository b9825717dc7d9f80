import type { World } from '../../mesh/world.ts';
import type { WorldCore } from './world-core.ts';

/** Production as the loop sees it. The object has no way to inject anything: it is built here, member by member. */
export function productionWorld(core: WorldCore): World {
  return {
    name: 'production',
    topology: core.options.topology,
    clock: core.options.clock,
    capabilities() {
      const { possible, missing } = core.mitigations();
      return { mitigations: possible, faults: new Set(), missing };
    },
    latest: () => core.latest(),
    observe: (signal) => core.observe(signal),
    apply: (lease) => core.apply(lease),
    remove: (id) => core.remove(id),
    renew: (id, expiresAt) => core.renew(id, expiresAt),
    leases: () => core.leases(),
    health: () => core.health(),
  };
}
