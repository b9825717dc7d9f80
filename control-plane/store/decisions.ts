import type { DatabaseSync } from 'node:sqlite';
import type { Decision } from '../mesh/record.ts';
import type { Collection } from '../mesh/store.ts';
import { sqliteCollection } from './collection.ts';
import type { Writes } from './writes.ts';

/** Earlier versions kept both worlds' in the first. */
const names = { production: 'decision', shadow: 'decision/shadow' } as const;

/**
 * Decisions, of which `keep` are kept of each world: the shadow decides all day, and would push out what explains production's
 * incidents.
 */
export function decisionCollection(db: DatabaseSync, writes: Writes, keep: number): Collection<Decision> {
  const part = db.prepare(
    `UPDATE OR REPLACE item SET collection = ? WHERE collection = ? AND json ->> 'world' = 'shadow'`,
  );
  writes.make('decisions apart', () => part.run(names.shadow, names.production));
  const of = (name: string) => sqliteCollection<Decision>(db, writes, { name, at: (d) => d.at, keep });
  const worlds = { production: of(names.production), shadow: of(names.shadow) };
  return {
    put: (decision) => worlds[decision.world].put(decision),
    get: (id) => worlds.production.get(id) ?? worlds.shadow.get(id),
    list(options = {}) {
      const { limit = -1 } = options;
      const all = [...worlds.production.list(options), ...worlds.shadow.list(options)];
      all.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
      return limit < 0 ? all : all.slice(0, limit);
    },
    delete(id) {
      worlds.production.delete(id);
      worlds.shadow.delete(id);
    },
    count: () => worlds.production.count() + worlds.shadow.count(),
  };
}
