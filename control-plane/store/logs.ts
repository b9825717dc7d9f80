import type { DatabaseSync } from 'node:sqlite';
import type { AuditEntry, LedgerEntry } from '../mesh/record.ts';
import type { Store } from '../mesh/store.ts';
import { decode, encode } from './json.ts';

type AuditRow = Omit<AuditEntry, 'detail'> & { detail: string };

/** The audit log: appended to and read. Triggers in the file itself refuse every change and deletion, from whomever. */
export function auditLog(db: DatabaseSync): Store['audit'] {
  const append = db.prepare('INSERT INTO audit (at, by, action, subject, detail) VALUES (?, ?, ?, ?, ?)');
  const list = db.prepare(
    'SELECT seq, at, by, action, subject, detail FROM audit WHERE seq > ? ORDER BY seq DESC LIMIT ?',
  );
  return {
    append(entry) {
      const { at, by, action, subject, detail = null } = entry;
      const { lastInsertRowid } = append.run(at, by, action, subject, encode(detail));
      return { seq: Number(lastInsertRowid), at, by, action, subject, detail };
    },
    /** Newest first; with `afterSeq` only what came after it. */
    list({ limit = -1, afterSeq = 0 } = {}) {
      return (list.all(afterSeq, limit) as unknown as AuditRow[]).map((row) => ({
        ...row,
        detail: decode(row.detail),
      }));
    },
  };
}

/** The chaos budget's ledger, newest first; of its lines the last `keep` are kept. */
export function ledgerLog(db: DatabaseSync, keep: number): Store['ledger'] {
  const append = db.prepare('INSERT INTO ledger (at, json) VALUES (?, ?)');
  const list = db.prepare('SELECT json FROM ledger WHERE at >= ? ORDER BY seq DESC LIMIT ?');
  const prune = db.prepare('DELETE FROM ledger WHERE seq <= (SELECT max(seq) FROM ledger) - ?');
  return {
    append(entry: LedgerEntry) {
      append.run(entry.at, encode(entry));
      prune.run(keep);
    },
    list({ limit = -1, since = -Number.MAX_VALUE } = {}) {
      return (list.all(since, limit) as { json: string }[]).map((row) => decode<LedgerEntry>(row.json));
    },
  };
}
