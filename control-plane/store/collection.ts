import type { DatabaseSync } from 'node:sqlite';
import type { Collection } from '../mesh/store.ts';
import { decode, encode } from './json.ts';

export interface CollectionOptions<T> {
  readonly name: string;
  /** The time `list` orders by and `since` compares with, ms since the epoch. */
  readonly at: (item: T) => number;
  /** Most items kept; the oldest go first. Absent = all are kept. */
  readonly keep?: number;
}

/** A collection in the `item` table. `list({ since })` gives the items whose time is at or after `since`, newest first. */
export function sqliteCollection<T extends { readonly id: string }>(
  db: DatabaseSync,
  { name, at, keep }: CollectionOptions<T>,
): Collection<T> {
  const put = db.prepare(
    `INSERT INTO item (collection, id, at, json) VALUES (?, ?, ?, ?)
     ON CONFLICT (collection, id) DO UPDATE SET at = excluded.at, json = excluded.json`,
  );
  const get = db.prepare('SELECT json FROM item WHERE collection = ? AND id = ?');
  const list = db.prepare('SELECT json FROM item WHERE collection = ? AND at >= ? ORDER BY at DESC, id DESC LIMIT ?');
  const remove = db.prepare('DELETE FROM item WHERE collection = ? AND id = ?');
  const count = db.prepare('SELECT count(*) AS n FROM item WHERE collection = ?');
  const prune = db.prepare(
    `DELETE FROM item WHERE collection = ?1 AND id IN
     (SELECT id FROM item WHERE collection = ?1 ORDER BY at DESC, id DESC LIMIT -1 OFFSET ?2)`,
  );
  const size = () => (count.get(name) as { n: number }).n;
  // Pruning in batches keeps the cost of a put constant.
  const slack = keep === undefined ? 0 : Math.max(1, Math.ceil(keep / 50));
  let puts = 0;
  if (keep !== undefined) prune.run(name, keep);
  return {
    put(item) {
      put.run(name, item.id, at(item), encode(item));
      if (keep !== undefined && ++puts % slack === 0) prune.run(name, keep);
    },
    get(id) {
      const row = get.get(name, id) as { json: string } | undefined;
      return row && decode<T>(row.json);
    },
    list({ limit = -1, since = -Number.MAX_VALUE } = {}) {
      return (list.all(name, since, limit) as { json: string }[]).map((row) => decode<T>(row.json));
    },
    delete(id) {
      remove.run(name, id);
    },
    count: size,
  };
}
