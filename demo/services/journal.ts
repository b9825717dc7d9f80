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
  /** The file ends in the middle of a line: a write before was cut off. */
  #torn = false;

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
    const text = textOf(this.#path);
    this.#torn = text !== '' && !text.endsWith('\n');
    for (const record of recordsIn<T>(text)) this.#apply(record);
  }

  append(record: T): void {
    this.refresh();
    appendFileSync(this.#path, `${this.#torn ? '\n' : ''}${JSON.stringify(record)}\n`);
    this.#torn = false;
    const stat = statSync(this.#path);
    this.#inode = stat.ino;
    this.#size = stat.size;
    this.#apply(record);
  }
}

/** Records of a journal file; a last line that was cut off by a crash is left out. No file = no records. */
export function readRecords<T>(path: string): T[] {
  return recordsIn(textOf(path));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw e;
  }
}

function recordsIn<T>(text: string): T[] {
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
