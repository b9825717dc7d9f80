import { codes } from './codes.ts';
import type { Lease } from './lease.ts';
import type { AuditEntry, Decision, Episode, Incident, LedgerEntry, Override, Pattern } from './record.ts';
import type { HealthyState, WorldName } from './snapshot.ts';

/**
 * Newest first in `list`. `put` replaces by id. Writes are durable when the call returns, unless {@link Store.problem} says
 * otherwise: a write that the place refuses does not throw, since what acts must not depend on a record of it.
 */
export interface Collection<T> {
  put(item: T): void;
  get(id: string): T | undefined;
  list(options?: { limit?: number; since?: number }): T[];
  delete(id: string): void;
  count(): number;
}

/** Writes cannot be made: they are kept in memory, read from there, and made as soon as they can be. */
export interface StoreProblem {
  readonly reason: string;
  /** Records that would not survive a restart now. */
  readonly unwritten: number;
  /** Records that were too many to keep. */
  readonly lost: number;
}

/** {@link StoreProblem} for people. */
export const problemText = ({ reason, unwritten, lost }: StoreProblem): string =>
  `UMB0502 ${codes.UMB0502.title}: ${reason}; ${unwritten} records wait in memory and would not survive a restart${lost > 0 ? `, ${lost} were lost` : ''}`;

/** {@link Store.lost} for people. */
export const lostText = (lost: number): string =>
  `UMB0502 ${codes.UMB0502.title}: it is written again, but ${lost} records were lost meanwhile`;

/** What must survive a restart. Opening it never starts from empty where a file was unreadable: that is UMB0501. */
export interface Store {
  leases(world: WorldName): Collection<Lease>;
  readonly incidents: Collection<Incident>;
  readonly episodes: Collection<Episode>;
  readonly decisions: Collection<Decision>;
  readonly patterns: Collection<Pattern>;
  readonly overrides: Collection<Override>;
  /** Append-only: there is no way to change or delete an entry. */
  readonly audit: {
    append(entry: Omit<AuditEntry, 'seq'>): AuditEntry;
    /** Newest first. `limit` gives the newest of all, but with `afterSeq` the ones next after it: who follows misses none. */
    list(options?: { limit?: number; afterSeq?: number }): AuditEntry[];
  };
  readonly ledger: {
    append(entry: LedgerEntry): void;
    list(options?: { limit?: number; since?: number }): LedgerEntry[];
  };
  healthy(world: WorldName): HealthyState | undefined;
  putHealthy(world: WorldName, state: HealthyState): void;
  /** Named blobs: refined policies, replay buffers, mock samples. */
  blob(name: string): Uint8Array | undefined;
  putBlob(name: string, bytes: Uint8Array): void;
  /** Undefined where everything is written. */
  problem(): StoreProblem | undefined;
  /** Records that were lost since the opening because they could not be written. */
  lost(): number;
  close(): void;
}
