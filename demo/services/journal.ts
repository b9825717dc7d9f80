import { appendFileSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * State as an append-only file of JSON lines, replayed into memory at start. A write is on disk (not synced) when the call
 * returns, so it outlives the process. When the file was replaced or cut behind our back (a state that was reset), the
 * memory is made anew from it before the next use.
 */
export class Journal<T> {
  readonly #path: string;
  readonly #reset: () => void;
  readonly #apply: (record: T) => void;
  #inode = -1;
  #size = 0;

  /** `reset` empties the memory, `apply` takes one record into it: at replay and after each append. */
  constructor(path: string, reset: () => void, apply: (record: T) => void) {
    this.#path = path;
    this.#reset = reset;
    this.#apply = apply;
    mkdirSync(dirname(path), { recursive: true });
    this.refresh();
  }

  /** Call before reading the memory. Costs one stat. */
  refresh(): void {
    const stat = statSync(this.#path, { throwIfNoEntry: false });
    const inode = stat ? stat.ino : -1;
    if (inode === this.#inode && (stat?.size ?? 0) === this.#size) return;
    this.#reset();
    this.#inode = inode;
    this.#size = stat?.size ?? 0;
    if (stat) for (const record of readRecords<T>(this.#path)) this.#apply(record);
  }

  append(record: T): void {
    this.refresh();
    appendFileSync(this.#path, JSON.stringify(record) + '\n');
    const stat = statSync(this.#path);
    this.#inode = stat.ino;
    this.#size = stat.size;
    this.#apply(record);
  }
}

/** Records of a journal file; a last line that was cut off by a crash is left out. No file = no records. */
export function readRecords<T>(path: string): T[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw e;
  }
  const records: T[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      records.push(JSON.parse(line) as T);
    } catch {
      // Cut off in the middle of a write.
    }
  }
  return records;
}
