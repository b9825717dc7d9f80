import { type FaultKind, faultKinds } from '../../mesh/fault.ts';
import type { FaultLease, Lease } from '../../mesh/lease.ts';
import { type ApplyResult, type FaultableWorld, faultable } from '../../mesh/world.ts';
import { impossible, operationOf } from './fault-operation.ts';
import type { WorldCore } from './world-core.ts';

/** The shadow as the loop sees it: faults go to the filters of its proxies or to the supervisor, and are read back from there. */
export function shadowWorld(core: WorldCore): FaultableWorld {
  const { supervisor, topology, clock, logger } = core.options;

  async function inject(lease: FaultLease): Promise<ApplyResult> {
    if (lease.expiresAt <= clock.now()) return { state: 'refused', reason: 'its time is over' };
    const reason = impossible(lease.fault, topology, core.description.capabilities);
    if (reason) return { state: 'refused', reason };
    core.put(lease);
    const operation = operationOf(lease.fault, core.latest()?.entry.offered);
    let result: ApplyResult;
    if (operation) {
      try {
        const state = await supervisor.call('fault', { id: lease.id, operation, expiresAt: lease.expiresAt });
        result = state.inPlace
          ? { state: 'effective', at: clock.now(), proxies: [] }
          : { state: 'refused', reason: `not in place: ${state.detail}` };
      } catch (e) {
        result = { state: 'refused', reason: (e as Error).message };
      }
    } else {
      const served = core.serve();
      result =
        served.changed.size === 0 && served.refused.length === 0
          ? { state: 'refused', reason: 'it changes nothing: no proxy of the target is there' }
          : await core.settled(served);
    }
    if (result.state === 'refused') await remove(lease.id);
    return result;
  }

  async function remove(id: string): Promise<void> {
    const lease = core.leases().find((l) => l.id === id);
    if (lease?.type === 'fault' && operationOf(lease.fault)) {
      core.take(id);
      // The supervisor ends it by its own clock in any case.
      await supervisor
        .call('clearFault', { id })
        .catch((err) => logger.warn({ err, lease: id }, 'a fault could not be cleared'));
      return;
    }
    await core.remove(id);
  }
  core.onExpired = (lease: Lease) => remove(lease.id);

  return {
    [faultable]: true,
    name: 'shadow',
    topology,
    clock,
    capabilities() {
      const { possible, missing } = core.mitigations();
      const able = core.description.capabilities;
      const external = Object.values(topology.services).some((s) => s.external);
      const faults = new Set<FaultKind>();
      for (const [kind, { needs }] of Object.entries(faultKinds) as [FaultKind, (typeof faultKinds)[FaultKind]][]) {
        const permission = needs === 'filter' ? true : able[needs];
        if (needs === 'mock' && !external) missing[kind] = 'the application has no external service';
        else if (permission === true) faults.add(kind);
        else missing[kind] = permission;
      }
      return { mitigations: possible, faults, missing };
    },
    latest: () => core.latest(),
    observe: (signal) => core.observe(signal),
    apply: (lease) => core.apply(lease),
    remove,
    renew: (id, expiresAt) => core.renew(id, expiresAt),
    leases: () => core.leases(),
    health: () => core.health(),
    inject,
    async snapshotState() {
      await supervisor.call('snapshotState', {});
    },
    async resetState() {
      await supervisor.call('resetState', {});
    },
  };
}
