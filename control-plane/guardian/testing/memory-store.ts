import type { Lease } from '../../mesh/lease.ts';
import type { AuditEntry, LedgerEntry } from '../../mesh/record.ts';
import type { HealthyState, WorldName } from '../../mesh/snapshot.ts';
import type { Collection, Store } from '../../mesh/store.ts';

/** A store in memory for tests: items are copied in and out, as a database would. */
export function createMemoryStore(): Store {
  const leases = new Map<WorldName, Collection<Lease>>();
  const healthy = new Map<WorldName, HealthyState>();
  const blobs = new Map<string, Uint8Array>();
  const audit: AuditEntry[] = [];
  const ledger: LedgerEntry[] = [];
  return {
    leases(world) {
      let found = leases.get(world);
      if (!found) {
        found = collection();
        leases.set(world, found);
      }
      return found;
    },
    incidents: collection(),
    episodes: collection(),
    decisions: collection(),
    patterns: collection(),
    overrides: collection(),
    audit: {
      append(entry) {
        const full = { ...entry, seq: audit.length + 1 };
        audit.push(full);
        return full;
      },
      list: ({ limit = 1000, afterSeq } = {}) =>
        afterSeq === undefined ? audit.slice(-limit) : audit.filter((e) => e.seq > afterSeq).slice(0, limit),
    },
    ledger: {
      append: (entry) => void ledger.push(entry),
      list: ({ limit = 1000, since = 0 } = {}) =>
        ledger
          .filter((e) => e.at >= since)
          .slice(-limit)
          .reverse(),
    },
    healthy: (world) => healthy.get(world),
    putHealthy: (world, state) => void healthy.set(world, state),
    blob: (name) => blobs.get(name),
    putBlob: (name, bytes) => void blobs.set(name, bytes),
    problem: () => undefined,
    lost: () => 0,
    close: () => undefined,
  };
}

function collection<T extends { readonly id: string }>(): Collection<T> {
  const items = new Map<string, T>();
  return {
    put(item) {
      items.delete(item.id);
      items.set(item.id, structuredClone(item));
    },
    get: (id) => structuredClone(items.get(id)),
    list: ({ limit = Number.POSITIVE_INFINITY } = {}) =>
      [...items.values()]
        .reverse()
        .slice(0, limit)
        .map((i) => structuredClone(i)),
    delete: (id) => void items.delete(id),
    count: () => items.size,
  };
}
