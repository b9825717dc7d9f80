import { remember } from './remember.ts';
import type { ListenerScope, Resource } from './resource.ts';
import { fits, invalidity } from './resource.ts';
import type { TypeSet } from './type-set.ts';
import { typeSet } from './type-set.ts';

export interface RefusedResource {
  readonly typeUrl: string;
  readonly name: string;
  readonly reason: string;
}

/** A type that is not the same in two {@link FittingResources}. */
export interface TypeChange {
  readonly typeUrl: string;
  /** Names that differ, removed ones included. */
  readonly names: ReadonlySet<string>;
}

/** What of a {@link ResourceSet} nodes of one scope may have. Immutable. */
export class FittingResources {
  /** By type URL; types without a resource are absent. */
  readonly types: ReadonlyMap<string, TypeSet>;
  readonly count: number;
  /** What is never served, out of scope or not. */
  readonly refused: readonly RefusedResource[];
  readonly outOfScope: readonly RefusedResource[];
  readonly #empty: (typeUrl: string) => TypeSet;
  /** By what was before. */
  readonly #changes = new WeakMap<FittingResources, readonly TypeChange[]>();

  constructor(
    parts: Pick<FittingResources, 'types' | 'count' | 'refused' | 'outOfScope'>,
    empty: (typeUrl: string) => TypeSet,
  ) {
    this.types = parts.types;
    this.count = parts.count;
    this.refused = parts.refused;
    this.outOfScope = parts.outOfScope;
    this.#empty = empty;
  }

  /** The set of a type, empty where there is none. */
  of(typeUrl: string): TypeSet {
    return this.types.get(typeUrl) ?? this.#empty(typeUrl);
  }

  /** The types whose content is not as it was in `before`: those that were there first. Computed once per pair and shared. */
  changesSince(before: FittingResources): readonly TypeChange[] {
    return remember(this.#changes, before, () => {
      const changes: TypeChange[] = [];
      for (const typeUrl of new Set([...before.types.keys(), ...this.types.keys()])) {
        const [old, set] = [before.types.get(typeUrl), this.of(typeUrl)];
        if (set.version !== old?.version) changes.push({ typeUrl, names: set.changesSince(old).names });
      }
      return changes;
    });
  }
}

/**
 * Everything a node should have, of all types. Checked, sorted and hashed once, however many nodes it is set for: nodes of
 * a group are given the same object. Immutable.
 */
export class ResourceSet {
  readonly #resources: readonly Resource[];
  readonly #versions: Readonly<Record<string, string>>;
  readonly #fitting = new Map<ListenerScope | undefined, FittingResources>();

  /** `versions`: by type URL, what answers call the state (a commit, say); without it they carry a hash of the content. */
  constructor(resources: Iterable<Resource>, versions: Readonly<Record<string, string>> = {}) {
    this.#resources = [...resources];
    this.#versions = versions;
  }

  /** A set as it is, or one made of a list. */
  static of(given: ResourceSet | readonly Resource[], versions?: Readonly<Record<string, string>>): ResourceSet {
    return given instanceof ResourceSet ? given : new ResourceSet(given, versions);
  }

  /** What a node of this scope may have; of an unknown scope, all that is valid. */
  fitting(scope: ListenerScope | undefined): FittingResources {
    let fitting = this.#fitting.get(scope);
    if (!fitting) {
      fitting = this.#sort(scope);
      this.#fitting.set(scope, fitting);
    }
    return fitting;
  }

  #sort(scope: ListenerScope | undefined): FittingResources {
    const byType = new Map<string, Map<string, Resource>>();
    const refused: RefusedResource[] = [];
    const outOfScope: RefusedResource[] = [];
    let count = 0;
    for (const r of this.#resources) {
      const { typeUrl, name } = r;
      const before = byType.get(typeUrl);
      let reason = invalidity(r);
      if (!reason && before?.has(name)) reason = 'its name is given twice';
      if (!reason && scope && !fits(r, scope)) {
        reason = 'it is for the shadow only, and this node is in production';
        outOfScope.push({ typeUrl, name, reason });
      }
      if (reason) refused.push({ typeUrl, name, reason });
      else {
        count++;
        if (before) before.set(name, r);
        else byType.set(typeUrl, new Map([[name, r]]));
      }
    }
    const make = (typeUrl: string, resources: Iterable<Resource>) =>
      typeSet(typeUrl, resources, this.#versions[typeUrl]);
    const types = new Map([...byType].map(([typeUrl, found]) => [typeUrl, make(typeUrl, found.values())]));
    return new FittingResources({ types, count, refused, outOfScope }, (typeUrl) => make(typeUrl, []));
  }
}
