import type { Lease } from '../../mesh/lease.ts';
import type { Collection } from '../../mesh/store.ts';
import type { LocalWorldName } from './protocol.ts';

/** Where leases are kept over a restart of the control plane; a `Store` is one. */
export interface LeaseStore {
  leases(world: LocalWorldName): Pick<Collection<Lease>, 'put' | 'list' | 'delete'>;
}

/**
 * Leases of a world that are to be in force when a control plane starts: mitigations that have not expired, as they were. Fault
 * leases survive nothing: they are dropped, and returned for whoever enforces them to be told.
 */
export function recoverLeases(
  store: LeaseStore,
  world: LocalWorldName,
  now: number,
): { kept: Lease[]; cleared: Lease[] } {
  const kept: Lease[] = [];
  const cleared: Lease[] = [];
  for (const lease of store.leases(world).list()) {
    if (lease.type === 'mitigation' && lease.expiresAt > now) kept.push(lease);
    else {
      store.leases(world).delete(lease.id);
      if (lease.type === 'fault') cleared.push(lease);
    }
  }
  return { kept: kept.sort((a, b) => a.createdAt - b.createdAt), cleared };
}
