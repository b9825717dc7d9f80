import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { UmbraError } from '../mesh/errors.ts';
import type { Lease } from '../mesh/lease.ts';
import type { Episode, Incident, Override, Pattern } from '../mesh/record.ts';
import type { HealthyState, WorldName } from '../mesh/snapshot.ts';
import type { Collection, Store } from '../mesh/store.ts';
import { sqliteCollection } from './collection.ts';
import { decisionCollection } from './decisions.ts';
import { decode, encode } from './json.ts';
import { auditLog, ledgerLog } from './logs.ts';
import { BUSY_MS, prepareSchema } from './schema.ts';
import { Writes, type WritesEvents } from './writes.ts';

/**
 * Most records kept of what grows with time; leases, overrides and the audit log are never pruned, nor are patterns by age alone
 * (chaos/forgettable.ts says which are).
 */
export interface StoreLimits {
  readonly episodes: number;
  /** Of each world. */
  readonly decisions: number;
  readonly incidents: number;
  readonly ledger: number;
}

export const defaultLimits: StoreLimits = { episodes: 5_000, decisions: 5_000, incidents: 2_000, ledger: 20_000 };

export interface StoreOptions extends WritesEvents {
  readonly limits?: Partial<StoreLimits>;
  /** Monotonic, ms; when to try again is taken from it. */
  readonly now?: () => number;
}

/**
 * Opens or makes the store at `path` (its folder too; mode 0600; `:memory:` keeps nothing). What a call wrote survives `kill -9` once it returned.
 * What the place refuses later (a full disk, a lock) waits in memory: see {@link Store.problem}.
 * @throws UmbraError UMB0501 where the file is damaged, unreadable, not ours or of a later version; it is then left untouched.
 */
export function openStore(path: string, options: StoreOptions = {}): Store {
  const keep = { ...defaultLimits, ...options.limits };
  const writes = new Writes(options.now ?? (() => performance.now()), options);
  let db: DatabaseSync | undefined;
  try {
    if (path !== ':memory:') {
      mkdirSync(dirname(path), { recursive: true });
      closeSync(openSync(path, 'a', 0o600));
    }
    db = new DatabaseSync(path);
    prepareSchema(db);
    db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    return storeOn(db, writes, keep);
  } catch (cause) {
    if (db?.isOpen) db.close();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UmbraError('UMB0501', `${path}: ${reason}`, { cause });
  }
}

function storeOn(db: DatabaseSync, writes: Writes, keep: StoreLimits): Store {
  const leases = new Map<WorldName, Collection<Lease>>();
  const getBlob = db.prepare('SELECT bytes FROM blob WHERE name = ?');
  const putBlob = db.prepare(
    'INSERT INTO blob (name, bytes) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes',
  );
  const blob = (name: string) => {
    const [newer] = writes.waiting(`blob:${name}`).filter(([rest]) => rest === '');
    return newer ? (newer[1] as Uint8Array) : (getBlob.get(name) as { bytes: Uint8Array } | undefined)?.bytes;
  };
  const keepBlob = (name: string, bytes: Uint8Array) =>
    writes.make(`blob:${name}`, () => putBlob.run(name, bytes), { item: bytes });
  return {
    leases(world) {
      const known = leases.get(world);
      if (known) return known;
      const made = sqliteCollection<Lease>(db, writes, { name: `lease/${world}`, at: (l) => l.createdAt });
      leases.set(world, made);
      return made;
    },
    incidents: sqliteCollection<Incident>(db, writes, { name: 'incident', at: (i) => i.onset, keep: keep.incidents }),
    episodes: sqliteCollection<Episode>(db, writes, { name: 'episode', at: (e) => e.startedAt, keep: keep.episodes }),
    decisions: decisionCollection(db, writes, keep.decisions),
    patterns: sqliteCollection<Pattern>(db, writes, { name: 'pattern', at: (p) => p.lastSeen }),
    overrides: sqliteCollection<Override>(db, writes, { name: 'override', at: (o) => o.createdAt }),
    audit: auditLog(db, writes),
    ledger: ledgerLog(db, writes, keep.ledger),
    healthy(world) {
      const bytes = blob(`healthy/${world}`);
      return bytes && decode<HealthyState>(new TextDecoder().decode(bytes));
    },
    putHealthy(world, state) {
      keepBlob(`healthy/${world}`, new TextEncoder().encode(encode(state)));
    },
    blob: (name) => blob(`blob/${name}`),
    putBlob(name, bytes) {
      keepBlob(`blob/${name}`, bytes);
    },
    problem: () => writes.problem(),
    lost: () => writes.lost(),
    close() {
      if (db.isOpen) writes.close();
      if (db.isOpen) db.close();
    },
  };
}
