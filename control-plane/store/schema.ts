import type { DatabaseSync } from 'node:sqlite';

/** Version of the tables below, kept in SQLite's `user_version`. A file from a later version is refused, never rewritten. */
const SCHEMA_VERSION = 1;

/**
 * Journalled ahead with NORMAL synchronisation: a write that returned is in the kernel's page cache and survives the
 * process's death (kill -9). Only a power cut may take the last moments, and never the file's consistency.
 */
const PRAGMAS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA busy_timeout = 2000;
  PRAGMA journal_size_limit = 4194304;
  PRAGMA recursive_triggers = ON;
`;

/** How long a write of a running store waits for somebody's lock; all else stands still meanwhile. Opening may wait longer. */
export const BUSY_MS = 250;

/** Records are JSON beside the few columns they are looked up by: their shape belongs to mesh/, not to SQL. */
const TABLES = `
  CREATE TABLE item (
    collection TEXT NOT NULL, id TEXT NOT NULL, at REAL NOT NULL, json TEXT NOT NULL,
    PRIMARY KEY (collection, id)
  ) WITHOUT ROWID;
  CREATE INDEX item_by_time ON item (collection, at DESC, id DESC);
  CREATE TABLE ledger (seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, json TEXT NOT NULL);
  CREATE TABLE blob (name TEXT PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, by TEXT NOT NULL, action TEXT NOT NULL,
    subject TEXT NOT NULL, detail TEXT NOT NULL
  );
  CREATE TRIGGER audit_is_final BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
  CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
`;

/**
 * Makes a new file's tables, or checks that an old file is whole and of this version.
 * @throws Error with SQLite's or our own reason
 */
export function prepareSchema(db: DatabaseSync): void {
  db.exec(PRAGMAS);
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > SCHEMA_VERSION) {
    throw new Error(`written by a later version of Umbra (schema ${version}, this one knows ${SCHEMA_VERSION})`);
  }
  if (version === 0) {
    const { tables } = db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number };
    if (tables > 0) throw new Error('a SQLite file, but not one of Umbra');
    db.exec(`BEGIN IMMEDIATE; ${TABLES} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
    return;
  }
  const damage = db.prepare('PRAGMA quick_check(3)').all() as { quick_check: string }[];
  if (damage[0]?.quick_check !== 'ok') throw new Error(damage.map((row) => row.quick_check).join('; '));
}
