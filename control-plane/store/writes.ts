import type { StoreProblem } from '../mesh/store.ts';

/**
 * SQLite's result codes that blame the place and not the statement: busy, locked, out of memory, read-only, I/O error, damaged,
 * full, cannot open, protocol of locks, not a database.
 */
const OF_THE_PLACE: ReadonlySet<number> = new Set([5, 6, 7, 8, 10, 11, 13, 14, 15, 26]);
/** After a failure the place is let be for so long: a locked file costs its whole time-out at every attempt. */
const RETRY_MS = 5000;
/** Most writes kept in memory; beyond it the oldest go that would be pruned one day anyway. */
const MOST_WAITING = 2000;

interface Waiting {
  readonly write: () => void;
  /** What reads give meanwhile; undefined = deleted. */
  readonly item: unknown;
  readonly prunable: boolean;
}

export interface WriteOptions {
  /** What reads give until it is made; absent = the record is gone. */
  readonly item?: unknown;
  /** May be forgotten where too much waits. */
  readonly prunable?: boolean;
}

export interface WritesEvents {
  /** Writes cannot be made, for this reason. */
  readonly onProblem?: (problem: StoreProblem) => void;
  /** All that waited is written, but for so many records that were lost. */
  readonly onWritten?: (lost: number) => void;
}

/**
 * Writes that the place refuses (a full disk, a lock) are kept in memory, in order, and made later, so that whoever acts does
 * not depend on a record of it. The newest write of a key takes the place of those before.
 */
export class Writes {
  readonly #waiting = new Map<string, Waiting>();
  readonly #now: () => number;
  readonly #events: WritesEvents;
  #reason: string | undefined;
  #retryAt = Number.NEGATIVE_INFINITY;
  #lost = 0;
  /** Of {@link #lost}, before what waits now began to wait. */
  #lostBefore = 0;

  /** @param now monotonic, ms */
  constructor(now: () => number, events: WritesEvents = {}) {
    this.#now = now;
    this.#events = events;
  }

  /** Makes a write, or keeps it. @throws what is wrong with the write itself */
  make(key: string, write: () => void, { item, prunable = false }: WriteOptions = {}): void {
    const keep = () => {
      this.#waiting.delete(key);
      this.#waiting.set(key, { write, item, prunable });
      if (this.#waiting.size > MOST_WAITING) this.#forget();
    };
    if (this.#waiting.size > 0 && !this.#catchUp()) {
      keep();
      return;
    }
    try {
      write();
    } catch (e) {
      if (!isOfThePlace(e)) throw e;
      keep();
      this.#failed(e);
    }
  }

  /** What waits of the keys that begin so, oldest first; the prefix is cut off. */
  waiting(prefix: string): [rest: string, item: unknown][] {
    if (this.#waiting.size === 0) return [];
    return [...this.#waiting].flatMap(([key, { item }]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), item] as [string, unknown]] : [],
    );
  }

  /** Why something waits, looked at anew; undefined where all is written. */
  problem(): StoreProblem | undefined {
    if (this.#waiting.size > 0) this.#catchUp();
    return this.#problem();
  }

  /** Records that were too many to keep, or were refused for their own sake when they were written at last; since the opening. */
  lost(): number {
    return this.#lost;
  }

  /** A last attempt, whenever the one before was. */
  close(): void {
    this.#retryAt = Number.NEGATIVE_INFINITY;
    if (this.#waiting.size > 0) this.#catchUp();
  }

  #problem(): StoreProblem | undefined {
    if (this.#reason === undefined) return undefined;
    return { reason: this.#reason, unwritten: this.#waiting.size, lost: this.#lost - this.#lostBefore };
  }

  /** Whether nothing waits any more. */
  #catchUp(): boolean {
    if (this.#now() < this.#retryAt) return false;
    for (const [key, { write }] of this.#waiting) {
      try {
        write();
      } catch (e) {
        if (isOfThePlace(e)) {
          this.#failed(e);
          return false;
        }
        // It would be refused for ever, and all behind it would wait.
        this.#lost++;
      }
      this.#waiting.delete(key);
    }
    this.#reason = undefined;
    const lost = this.#lost - this.#lostBefore;
    this.#lostBefore = this.#lost;
    this.#events.onWritten?.(lost);
    return true;
  }

  #failed(error: unknown): void {
    const reason = (error as Error).message;
    this.#retryAt = this.#now() + RETRY_MS;
    const news = reason !== this.#reason;
    this.#reason = reason;
    if (news) this.#events.onProblem?.(this.#problem()!);
  }

  #forget(): void {
    for (const [key, { prunable }] of this.#waiting) {
      if (!prunable) continue;
      this.#waiting.delete(key);
      this.#lost++;
      return;
    }
  }
}

/** Extended result codes have the primary one in their lowest byte. */
const isOfThePlace = (error: unknown): boolean =>
  OF_THE_PLACE.has(((error as { errcode?: number } | undefined)?.errcode ?? 0) & 0xff);
