import type { DatabaseSync } from 'node:sqlite';
import type { AuditEntry, LedgerEntry } from '../mesh/record.ts';
import type { Store } from '../mesh/store.ts';
import { decode, encode } from './json.ts';
import type { Writes } from './writes.ts';

type AuditRow = Omit<AuditEntry, 'detail'> & { detail: string };

const KEY = 'audit:';

/** The audit log: appended to and read. Triggers in the file itself refuse every change and deletion, from whomever. */
export function auditLog(db: DatabaseSync, writes: Writes): Store['audit'] {
  const append = db.prepare('INSERT INTO audit (at, by, action, subject, detail) VALUES (?, ?, ?, ?, ?)');
  const columns = 'SELECT seq, at, by, action, subject, detail FROM audit';
  const newest = db.prepare(`${columns} ORDER BY seq DESC LIMIT ?`);
  const after = db.prepare(`${columns} WHERE seq > ? ORDER BY seq LIMIT ?`);
  let last = (db.prepare('SELECT coalesce(max(seq), 0) AS seq FROM audit').get() as { seq: number }).seq;
  return {
    append({ at, by, action, subject, detail = null }) {
      const text = encode(detail);
      // The table counts by ones: what waits gets the numbers that follow, in order.
      const entry: AuditEntry = { seq: last + 1, at, by, action, subject, detail };
      let seq = entry.seq;
      const write = () => {
        seq = Number(append.run(at, by, action, subject, text).lastInsertRowid);
      };
      writes.make(`${KEY}${seq}`, write, { item: entry });
      last = seq;
      return { ...entry, seq };
    },
    list({ limit = -1, afterSeq } = {}) {
      const rows = (afterSeq === undefined ? newest.all(limit) : after.all(afterSeq, limit).reverse()) as unknown[];
      const written = (rows as AuditRow[]).map((row): AuditEntry => ({ ...row, detail: decode(row.detail) }));
      const waiting = writes.waiting(KEY).map(([, item]) => item as AuditEntry);
      if (waiting.length === 0) return written;
      const all = [...waiting.filter((e) => e.seq > (afterSeq ?? 0)).reverse(), ...written];
      if (limit < 0) return all;
      return afterSeq === undefined ? all.slice(0, limit) : all.slice(Math.max(0, all.length - limit));
    },
  };
}

/** The chaos budget's ledger, newest first; of its lines the last `keep` are kept. What waits to be written is not read. */
export function ledgerLog(db: DatabaseSync, writes: Writes, keep: number): Store['ledger'] {
  const append = db.prepare('INSERT INTO ledger (at, json) VALUES (?, ?)');
  const list = db.prepare('SELECT json FROM ledger WHERE at >= ? ORDER BY seq DESC LIMIT ?');
  const prune = db.prepare('DELETE FROM ledger WHERE seq <= (SELECT max(seq) FROM ledger) - ?');
  let appended = 0;
  return {
    append(entry: LedgerEntry) {
      const text = encode(entry);
      const write = () => {
        // What fails is made again as a whole: the line comes last.
        prune.run(keep - 1);
        append.run(entry.at, text);
      };
      writes.make(`ledger:${++appended}`, write, { prunable: true });
    },
    list({ limit = -1, since = -Number.MAX_VALUE } = {}) {
      return (list.all(since, limit) as { json: string }[]).map((row) => decode<LedgerEntry>(row.json));
    },
  };
}
