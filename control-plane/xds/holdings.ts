import type { TypeSet } from './type-set.ts';

/** The version of a resource the client has in some form, but nobody knows in which (it refused an answer with it). */
export const UNKNOWN = '';

/**
 * What a client is known to have of one type: a shared set plus a few exceptions, so that thousands of streams in step
 * with one set cost one pointer each. It may speak of names the client no longer asks for; asking again always sends.
 */
export class Holdings {
  #base: TypeSet | undefined;
  #exceptions = new Map<string, string | null>();

  get base(): TypeSet | undefined {
    return this.#base;
  }

  /** Names whose version differs from the base's. */
  get exceptions(): Iterable<string> {
    return this.#exceptions.keys();
  }

  get exact(): boolean {
    return this.#exceptions.size === 0;
  }

  /** The version the client has, {@link UNKNOWN}, or null where it has none. */
  version(name: string): string | null {
    const exception = this.#exceptions.get(name);
    if (exception !== undefined) return exception;
    return this.#base?.get(name)?.version ?? null;
  }

  set(name: string, version: string | null): void {
    if ((this.#base?.get(name)?.version ?? null) === version) this.#exceptions.delete(name);
    else this.#exceptions.set(name, version);
  }

  /**
   * What a client without a base has told, name by name, is kept as its difference to `set` from now on, unless that is larger:
   * a proxy that comes back has almost all of it, like thousands beside it. The same versions are held before and after.
   */
  relateTo(set: TypeSet): void {
    if (this.#base) return;
    const told = this.#exceptions;
    const differing = new Map<string, string | null>();
    for (const [name, version] of told) if ((set.get(name)?.version ?? null) !== version) differing.set(name, version);
    for (const name of set.resources.keys()) if (!told.has(name)) differing.set(name, null);
    if (differing.size >= told.size) return;
    this.#base = set;
    this.#exceptions = differing;
  }

  /** The client now has exactly `set`. */
  reach(set: TypeSet): void {
    this.#base = set;
    // Clearing what is empty makes a new table, for each stream and change.
    if (this.#exceptions.size > 0) this.#exceptions.clear();
  }
}
