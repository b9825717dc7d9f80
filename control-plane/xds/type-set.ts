import { createHash } from 'node:crypto';
import type { ListenerScope, Resource } from './resource.ts';
import { fits, shortestTtlMs, withTimedVersion } from './resource.ts';

const interned = new Map<string, WeakRef<TypeSet>>();
const collected = new FinalizationRegistry((key: string) => {
  // A younger set may have taken the place meanwhile.
  if (interned.get(key)?.deref() === undefined) interned.delete(key);
});

/**
 * The set of this content (under this label), the same object for every node that has it, so that its answers are encoded
 * once for all.
 */
export function typeSet(typeUrl: string, resources: Iterable<Resource>, label?: string): TypeSet {
  const set = new TypeSet(typeUrl, resources, label);
  const key = `${typeUrl} ${set.version} ${set.label}`;
  const known = interned.get(key)?.deref();
  if (known) return known;
  interned.set(key, new WeakRef(set));
  collected.register(set, key);
  return set;
}

/** What lies between two sets of one type, by name. Shared by all who ask, and never changed. */
export class Changes {
  /** Resources of the newer set that are new or have another version. */
  readonly upserted: readonly Resource[];
  /** Names the newer set no longer has. */
  readonly removed: readonly string[];
  #names: ReadonlySet<string> | undefined;

  constructor(upserted: readonly Resource[], removed: readonly string[]) {
    this.upserted = upserted;
    this.removed = removed;
  }

  /** Names of both. */
  get names(): ReadonlySet<string> {
    this.#names ??= new Set([...this.upserted.map((r) => r.name), ...this.removed]);
    return this.#names;
  }
}

let serials = 0;

/**
 * All resources of one type for one node at one moment. Immutable, so that streams may share it, the differences
 * between two of them, and the answers encoded from them.
 */
export class TypeSet {
  readonly typeUrl: string;
  readonly resources: ReadonlyMap<string, Resource>;
  /** Of the content: the same resources give the same version, before and after a restart. */
  readonly version: string;
  /** What answers call this state: what whoever set it calls it, otherwise {@link version}. Means nothing to the server. */
  readonly label: string;
  /** Unique in this process; larger is younger. */
  readonly serial: number;
  /** The serial as text: a nonce made from it names the version it stands for. */
  readonly nonce: string;
  /** Shortest time to live in the set, ms. */
  readonly shortestTtlMs: number | undefined;
  readonly #changes = new Map<number, Changes>();
  #production: TypeSet | undefined;

  constructor(typeUrl: string, resources: Iterable<Resource>, label?: string) {
    this.typeUrl = typeUrl;
    const byName = new Map<string, Resource>();
    for (const r of resources) byName.set(r.name, withTimedVersion(r));
    this.resources = byName;
    this.version = contentHash(byName);
    this.label = label ?? this.version;
    this.serial = ++serials;
    this.nonce = this.serial.toString(36);
    this.shortestTtlMs = shortestTtlMs(byName.values());
  }

  get(name: string): Resource | undefined {
    return this.resources.get(name);
  }

  /** The part of the set that a stream of this scope may see: the very same object where that is all of it. */
  visibleTo(scope: ListenerScope): TypeSet {
    if (scope === 'shadow') return this;
    if (!this.#production) {
      const fitting = [...this.resources.values()].filter((r) => fits(r, scope));
      this.#production = fitting.length === this.resources.size ? this : this.#part(fitting);
    }
    return this.#production;
  }

  #part(resources: readonly Resource[]): TypeSet {
    return typeSet(this.typeUrl, resources, this.label === this.version ? undefined : this.label);
  }

  /** What a holder of `base` (undefined: of nothing) lacks to hold this set. Computed once per pair and shared. */
  changesSince(base: TypeSet | undefined): Changes {
    if (base === this) return none;
    const key = base?.serial ?? 0;
    let changes = this.#changes.get(key);
    if (!changes) {
      changes = diff(base, this);
      // Streams lag by a few versions at most; the oldest pairs are the ones nobody asks for again.
      if (this.#changes.size >= 16) this.#changes.delete(this.#changes.keys().next().value!);
      this.#changes.set(key, changes);
    }
    return changes;
  }
}

const none = new Changes([], []);

function diff(base: TypeSet | undefined, target: TypeSet): Changes {
  if (!base) return new Changes([...target.resources.values()], []);
  const upserted: Resource[] = [];
  for (const r of target.resources.values()) if (!same(base.get(r.name), r)) upserted.push(r);
  const removed: string[] = [];
  for (const name of base.resources.keys()) if (!target.resources.has(name)) removed.push(name);
  return new Changes(upserted, removed);
}

function same(a: Resource | undefined, b: Resource): boolean {
  return a?.version === b.version;
}

/** Of names, versions and scopes; the same resources give the same. */
export function contentHash(resources: ReadonlyMap<string, Resource>): string {
  let text = '';
  for (const name of [...resources.keys()].sort()) {
    const r = resources.get(name)!;
    text += `${name.length}:${name}${r.version.length}:${r.version}${r.scope};`;
  }
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
