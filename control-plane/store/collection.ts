import type { DatabaseSync } from 'node:sqlite';
import type { Collection } from '../mesh/store.ts';
import { decode, encode } from './json.ts';
import type { Writes } from './writes.ts';

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
  writes: Writes,
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
  const key = (id: string) => `${name}:${id}`;
  /** What is not written yet, newer than the table: by id, as text, or undefined where it was deleted. */
  const waiting = () => new Map(writes.waiting(key('')) as [string, string | undefined][]);
  const write = (id: string, run: () => void, item?: string) =>
    writes.make(key(id), run, { item, prunable: keep !== undefined });
  if (keep !== undefined) write('', () => prune.run(name, keep));
  return {
    put(item) {
      const text = encode(item);
      const time = at(item);
      write(
        item.id,
        () => {
          put.run(name, item.id, time, text);
          if (keep !== undefined && ++puts % slack === 0) prune.run(name, keep);
        },
        text,
      );
    },
    get(id) {
      const newer = waiting();
      if (newer.has(id)) return newer.get(id) === undefined ? undefined : decode<T>(newer.get(id)!);
      const row = get.get(name, id) as { json: string } | undefined;
      return row && decode<T>(row.json);
    },
    list({ limit = -1, since = -Number.MAX_VALUE } = {}) {
      const newer = waiting();
      const rows = list.all(name, since, limit < 0 ? limit : limit + newer.size) as { json: string }[];
      const written = rows.map((row) => decode<T>(row.json));
      if (newer.size === 0) return written;
      const kept = [...newer.values()].flatMap((text) => (text === undefined ? [] : [decode<T>(text)]));
      const all = [...written.filter((item) => !newer.has(item.id)), ...kept.filter((item) => at(item) >= since)];
      all.sort((a, b) => at(b) - at(a) || (a.id < b.id ? 1 : -1));
      return limit < 0 ? all : all.slice(0, limit);
    },
    delete(id) {
      write(id, () => remove.run(name, id));
    },
    count: size,
  };
}
