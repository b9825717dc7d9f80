/** The name that asks for everything of a type. */
export const WILDCARD = '*';

/** How a request changed what a stream is interested in. */
export interface InterestChange {
  /** Names asked for in this request that were not asked for by name before (delta: every name subscribed). */
  readonly asked: readonly string[];
  /** Names no longer asked for. */
  readonly dropped: readonly string[];
  /** Everything was asked for in this request. */
  readonly gainedWildcard: boolean;
}

const unchanged: InterestChange = { asked: [], dropped: [], gainedWildcard: false };

/**
 * What a stream asks for of one type, by the rules of the xDS protocol ("How the client specifies what resources to
 * return"): by name, by `*`, or, until any name was ever given, by an empty list that means `*` as well. After that an
 * empty list means nothing. Names that do not exist are remembered like any other.
 */
export class Interest {
  readonly names = new Set<string>();
  wildcard = false;
  /** State of the world: how many lists differed from the one before. */
  lists = 0;
  #namesLength = 0;
  /** The list last given: proxies repeat it with each request, and equal ones are often the same object. */
  #list: readonly string[] | undefined;
  #everNamed = false;
  #started = false;

  covers(name: string): boolean {
    return this.wildcard || this.names.has(name);
  }

  get empty(): boolean {
    return !this.wildcard && this.names.size === 0;
  }

  /** Characters of all names asked for. */
  get namesLength(): number {
    return this.#namesLength;
  }

  /** State of the world: every request carries the whole list. */
  replace(list: readonly string[]): InterestChange {
    if (list === this.#list) return unchanged;
    this.#list = list;
    const before = this.wildcard;
    if (list.length === 0 && !this.#everNamed) {
      if (!before) this.lists++;
      this.wildcard = true;
      return { asked: [], dropped: [], gainedWildcard: !before };
    }
    this.#everNamed = true;
    const wanted = new Set(list);
    this.wildcard = wanted.delete(WILDCARD);
    const asked = [...wanted].filter((name) => !this.names.has(name));
    const dropped = [...this.names].filter((name) => !wanted.has(name));
    for (const name of dropped) this.#drop(name);
    for (const name of asked) this.#add(name);
    if (asked.length > 0 || dropped.length > 0 || this.wildcard !== before) this.lists++;
    return { asked, dropped, gainedWildcard: this.wildcard && !before };
  }

  /** Delta: a request carries what to add and what to take away. Taking away the unknown is ignored. */
  update(subscribe: readonly string[], unsubscribe: readonly string[]): InterestChange {
    const first = !this.#started;
    if (!first && subscribe.length === 0 && unsubscribe.length === 0) return unchanged;
    this.#started = true;
    const legacy = this.wildcard && !this.#everNamed;
    let gainedWildcard = false;
    if (first && subscribe.length === 0) {
      this.wildcard = true;
      gainedWildcard = true;
    }
    if (subscribe.length > 0) this.#everNamed = true;
    const asked: string[] = [];
    for (const name of subscribe) {
      if (name === WILDCARD) {
        // Spelling out the legacy wildcard continues it and asks for nothing new.
        gainedWildcard = !legacy;
        this.wildcard = true;
      } else {
        this.#add(name);
        asked.push(name);
      }
    }
    const dropped: string[] = [];
    for (const name of unsubscribe) {
      if (name === WILDCARD) {
        this.wildcard = false;
        this.#everNamed = true;
        gainedWildcard = false;
      } else if (this.#drop(name)) dropped.push(name);
    }
    return { asked: asked.filter((name) => this.names.has(name)), dropped, gainedWildcard };
  }

  #add(name: string): void {
    if (this.names.has(name)) return;
    this.names.add(name);
    this.#namesLength += name.length;
  }

  #drop(name: string): boolean {
    if (!this.names.delete(name)) return false;
    this.#namesLength -= name.length;
    return true;
  }
}
