import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { UmbraError } from '../mesh/errors.ts';
import type { Lease } from '../mesh/lease.ts';
import type { Decision, Episode, Incident, Override, Pattern } from '../mesh/record.ts';
import type { HealthyState, WorldName } from '../mesh/snapshot.ts';
import type { Collection, Store } from '../mesh/store.ts';
import { sqliteCollection } from './collection.ts';
import { decode, encode } from './json.ts';
import { auditLog, ledgerLog } from './logs.ts';
import { prepareSchema } from './schema.ts';

/** Most records kept of what grows with time; patterns, leases, overrides and the audit log are never pruned. */
export interface StoreLimits {
  readonly episodes: number;
  readonly decisions: number;
  readonly incidents: number;
  readonly ledger: number;
}

export const defaultLimits: StoreLimits = { episodes: 5_000, decisions: 5_000, incidents: 2_000, ledger: 20_000 };

/**
 * Opens or makes the store at `path` (its folder too; mode 0600; `:memory:` keeps nothing). What a call wrote survives `kill -9` once it returned.
 * @throws UmbraError UMB0501 where the file is damaged, unreadable, not ours or of a later version; it is then left untouched.
 */
export function openStore(path: string, limits: Partial<StoreLimits> = {}): Store {
  const keep = { ...defaultLimits, ...limits };
  let db: DatabaseSync | undefined;
  try {
    if (path !== ':memory:') {
      mkdirSync(dirname(path), { recursive: true });
      closeSync(openSync(path, 'a', 0o600));
    }
    db = new DatabaseSync(path);
    prepareSchema(db);
    return storeOn(db, keep);
  } catch (cause) {
    if (db?.isOpen) db.close();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UmbraError('UMB0501', `${path}: ${reason}`, { cause });
  }
}

function storeOn(db: DatabaseSync, keep: StoreLimits): Store {
  const leases = new Map<WorldName, Collection<Lease>>();
  const getBlob = db.prepare('SELECT bytes FROM blob WHERE name = ?');
  const putBlob = db.prepare(
    'INSERT INTO blob (name, bytes) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes',
  );
  const blob = (name: string) => (getBlob.get(name) as { bytes: Uint8Array } | undefined)?.bytes;
  return {
    leases(world) {
      const known = leases.get(world);
      if (known) return known;
      const made = sqliteCollection<Lease>(db, { name: `lease/${world}`, at: (l) => l.createdAt });
      leases.set(world, made);
      return made;
    },
    incidents: sqliteCollection<Incident>(db, { name: 'incident', at: (i) => i.onset, keep: keep.incidents }),
    episodes: sqliteCollection<Episode>(db, { name: 'episode', at: (e) => e.startedAt, keep: keep.episodes }),
    decisions: sqliteCollection<Decision>(db, { name: 'decision', at: (d) => d.at, keep: keep.decisions }),
    patterns: sqliteCollection<Pattern>(db, { name: 'pattern', at: (p) => p.lastSeen }),
    overrides: sqliteCollection<Override>(db, { name: 'override', at: (o) => o.createdAt }),
    audit: auditLog(db),
    ledger: ledgerLog(db, keep.ledger),
    healthy(world) {
      const bytes = blob(`healthy/${world}`);
      return bytes && decode<HealthyState>(new TextDecoder().decode(bytes));
    },
    putHealthy(world, state) {
      putBlob.run(`healthy/${world}`, new TextEncoder().encode(encode(state)));
    },
    blob: (name) => blob(`blob/${name}`),
    putBlob(name, bytes) {
      putBlob.run(`blob/${name}`, bytes);
    },
    close() {
      if (db.isOpen) db.close();
    },
  };
}
