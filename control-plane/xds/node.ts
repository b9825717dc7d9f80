import type { Sent } from './answers.ts';
import { ClusterMemory } from './cluster-memory.ts';
import { mentions } from './mentions.ts';
import { remember } from './remember.ts';
import type { ListenerScope, Resource } from './resource.ts';
import type { FittingResources, TypeChange } from './resource-set.ts';
import { ResourceSet } from './resource-set.ts';
import type { StreamNode } from './stream-state.ts';
import type { Goal } from './subscription.ts';
import type { TypeSet } from './type-set.ts';
import { typeSet } from './type-set.ts';
import { isKnownType, needsClusters, shortName, typeUrls } from './type-urls.ts';

/** A refusal, as shown to people. */
export interface Nack {
  readonly detail: string;
  /** When, ms since the epoch. */
  readonly at: number;
  /** The resources it is put down to. */
  readonly names: readonly string[];
}

/** What a revision needs acknowledged, per type. */
export interface Need {
  readonly revision: number;
  /** Names changed since the set before, removed ones included. */
  readonly names: ReadonlySet<string>;
}

/** A set that was accepted. */
interface Good {
  readonly set: TypeSet;
  /** The names it was accepted for; undefined = all. */
  names: ReadonlySet<string> | undefined;
  /** What it no longer has and clients were left for the time being. */
  kept: readonly Resource[];
  /** The one before it, for when another proxy of the node thinks otherwise. */
  readonly before?: Good | undefined;
}

interface Judged {
  /** undefined: held. */
  readonly goal: Goal | undefined;
  /** Why the goal is less than what was asked for: by name, or '*' for the type as a whole. */
  readonly problems: ReadonlyMap<string, string>;
}

/** What was asked for of a type. */
interface Asked {
  /** As its content was first asked for: another label alone is no change. */
  readonly set: TypeSet;
  readonly scope: ListenerScope;
  /** What is to be had of it where nothing was refused. */
  readonly plain: Judged & { readonly goal: Goal };
}

/** What a revision changed, and what the ones before it changed and nobody has acknowledged. */
interface Ask {
  readonly changes: readonly TypeChange[];
  readonly carried: ReadonlyMap<string, Need>;
}

const empties = new Map<string, TypeSet>();
/** Those that carry nothing: nodes of a group share what a revision changed. */
const asks = new WeakMap<readonly TypeChange[], Ask>();
const nothingAsked = new ResourceSet([]).fitting(undefined);
const nothingCarried: ReadonlyMap<string, Need> = new Map();
const noProblems: ReadonlyMap<string, string> = new Map();
const noNames: ReadonlySet<string> = new Set();
const nothingKept: readonly Resource[] = [];
const notYetKnown: Judged = { goal: undefined, problems: noProblems };
const MOST_REVISIONS = 128;

/**
 * What one node should have, what it refused and what it last accepted. The goal of a type is what was asked for, with
 * every refused resource replaced by its last good version; where there is none, the resource is left alone. A type
 * refused for reasons nobody can pin down is held: nothing more is sent until something else is asked for. So a refusal
 * is answered once, by the way back, and never by the same again.
 */
export class NodeRecord implements StreamNode {
  readonly id: string;
  revision = 0;
  /** Nothing is served before the node's set was given: an empty first answer would delete what it has. */
  known = false;
  scope: ListenerScope | undefined;
  /** What its proxy last said of itself, an encoded envoy.config.core.v3.Node: for people, nothing is decided by it. */
  identity: Uint8Array | undefined;
  readonly clusters = new ClusterMemory();
  /** The newest refusal of each type; it stays for people to read after the way back was found. */
  readonly nacks = new Map<string, Nack>();
  #given: FittingResources = nothingAsked;
  readonly #asked = new Map<string, Asked>();
  /** The set last accepted. */
  readonly #good = new Map<string, Good>();
  /** What was accepted since: by type and name, answers of which others were still on their way. */
  readonly #accepted = new Map<string, Map<string, Resource>>();
  /** type → name → version → detail */
  readonly #refused = new Map<string, Map<string, Map<string, string>>>();
  readonly #held = new Map<string, { version: string; detail: string }>();
  /** Of the last revisions, the newest last. */
  readonly #asks: Ask[] = [];
  /** Of types, while anything is refused. */
  readonly #judged = new Map<string, Judged>();

  constructor(id: string) {
    this.id = id;
  }

  /** Types anything was ever asked of. */
  get types(): Iterable<string> {
    return this.#asked.keys();
  }

  /** Resources asked for, of all types. */
  *resources(): Iterable<Resource> {
    for (const { set } of this.#asked.values()) yield* set.resources.values();
  }

  /**
   * Replaces the whole set. `carry` says whether an earlier need still waits for its acknowledgement and so belongs to
   * the new revision as well. The revision grows only if something changed; another label alone is no change.
   */
  ask(given: ResourceSet | readonly Resource[], carry: (typeUrl: string, need: Need) => boolean): number {
    const resources = ResourceSet.of(given).fitting(this.scope);
    const changes = resources.changesSince(this.#given);
    this.#given = resources;
    if (this.known && changes.length === 0) return this.revision;
    const carried = this.#carried(changes, carry);
    const next = this.revision + 1;
    for (const { typeUrl } of changes) {
      const set = resources.of(typeUrl);
      this.#asked.set(typeUrl, asked(set, this.#visible, next));
      this.#forgive(typeUrl, set);
      const accepted = this.#accepted.get(typeUrl);
      for (const name of accepted?.keys() ?? []) if (!set.get(name)) accepted!.delete(name);
    }
    this.known = true;
    this.revision = next;
    this.#asks.push(
      carried === nothingCarried ? remember(asks, changes, () => ({ changes, carried })) : { changes, carried },
    );
    if (this.#asks.length > MOST_REVISIONS) this.#asks.shift();
    this.#judged.clear();
    return next;
  }

  /** What the newest revision needs and is not changed once more. */
  #carried(changes: readonly TypeChange[], carry: (typeUrl: string, need: Need) => boolean): ReadonlyMap<string, Need> {
    const last = this.#asks.at(-1);
    if (!last) return nothingCarried;
    let carried: Map<string, Need> | undefined;
    const consider = (typeUrl: string, need: Need) => {
      if (changes.some((change) => change.typeUrl === typeUrl) || !carry(typeUrl, need)) return;
      carried ??= new Map();
      carried.set(typeUrl, need);
    };
    for (const { typeUrl, names } of last.changes) consider(typeUrl, { revision: this.revision, names });
    for (const [typeUrl, need] of last.carried) consider(typeUrl, need);
    return carried ?? nothingCarried;
  }

  /** What has to be acknowledged for a revision; that of the newest where it is too long ago. */
  needs(revision: number): ReadonlyMap<string, Need> {
    const back = this.revision - revision;
    const of = back >= 0 && back < this.#asks.length ? revision : this.revision;
    const ask = this.#asks.at(of - this.revision - 1);
    const needs = new Map<string, Need>();
    for (const { typeUrl, names } of ask?.changes ?? []) needs.set(typeUrl, { revision: of, names });
    for (const [typeUrl, need] of ask?.carried ?? []) needs.set(typeUrl, need);
    return needs;
  }

  /** Binds the node to the wall it is behind. What was learned behind another one is void. */
  bind(scope: ListenerScope): void {
    if (this.scope === scope) return;
    this.scope = scope;
    for (const [typeUrl, { set, plain }] of this.#asked)
      this.#asked.set(typeUrl, asked(set, this.#visible, plain.goal.revision));
    for (const memory of [this.clusters, this.nacks, this.#good, this.#accepted, this.#refused, this.#held])
      memory.clear();
    this.#judged.clear();
  }

  /** Forgets refusals, so that what was refused is tried once more. */
  retry(): void {
    this.#refused.clear();
    this.#held.clear();
    this.nacks.clear();
    this.#judged.clear();
  }

  /** A proxy without anything to go back to may try what an earlier one refused: it may be another process. */
  reconnected(): void {
    for (const memory of [this.#held, this.#refused])
      for (const typeUrl of [...memory.keys()])
        if (!this.#good.get(typeUrl)?.set.resources.size) memory.delete(typeUrl);
    this.#judged.clear();
  }

  goal(typeUrl: string): Goal | undefined {
    return this.#judge(typeUrl).goal;
  }

  troubled(typeUrl: string): boolean {
    return this.problems(typeUrl).size > 0;
  }

  /** Why the goal is less than what was asked for: by name, or '*' for the type as a whole. */
  problems(typeUrl: string): ReadonlyMap<string, string> {
    return this.#judge(typeUrl).problems;
  }

  /** What was asked for, as far as the node's scope may see it. */
  view(typeUrl: string): TypeSet {
    return this.#plain(typeUrl).goal.set;
  }

  #plain(typeUrl: string): Asked['plain'] {
    return (this.#asked.get(typeUrl) ?? asked(emptySet(typeUrl), this.#visible, 0)).plain;
  }

  get #visible(): ListenerScope {
    return this.scope ?? 'production';
  }

  /**
   * A proxy has acknowledged all it asks for of this set: what to go back to. `names`: what that is, where it is not everything
   * and it matters ({@link Subscription.namesOfWhole}). `kept`: {@link Subscription.keptBodies}.
   */
  onSynced(typeUrl: string, set: TypeSet, names?: ReadonlySet<string>, kept: readonly Resource[] = nothingKept): void {
    if (!this.#remembers(typeUrl)) return;
    this.#accepted.delete(typeUrl);
    const good = this.#good.get(typeUrl);
    if (good?.set !== set) {
      const before = good && { set: good.set, names: good.names, kept: good.kept };
      this.#good.set(typeUrl, { set, names: names && new Set(names), kept, before });
      return;
    }
    if (good.names) good.names = names && new Set([...good.names, ...names]);
    // Another client of the node may have been left less.
    if (kept.length > 0) good.kept = kept;
  }

  /** A proxy has acknowledged these while it had others of the type to read. */
  onAccepted(typeUrl: string, resources: readonly Resource[]): void {
    const view = this.view(typeUrl);
    for (const r of resources)
      if (view.get(r.name)) remember(this.#accepted, typeUrl, () => new Map<string, Resource>()).set(r.name, r);
  }

  onNack(typeUrl: string, sent: Sent, detail: string, at: number): Nack {
    let good = this.#good.get(typeUrl);
    if (good?.set === sent.set && good.before) {
      good = good.before;
      this.#good.set(typeUrl, good);
    }
    const suspects = suspectsOf(sent, good, this.#accepted.get(typeUrl), detail);
    const nack: Nack = { detail, at, names: suspects.map((r) => r.name) };
    if (!this.#remembers(typeUrl)) return nack;
    this.nacks.set(typeUrl, nack);
    if (sent.heartbeat) return nack;
    // Leaving a resource out of a whole answer deletes it. That is right only where the proxy is known not to have it.
    if (suspects.length === 0 || (sent.whole && !good)) this.#held.set(typeUrl, { version: sent.set.version, detail });
    else for (const r of suspects) this.#refuse(r, detail);
    this.#judged.clear();
    return nack;
  }

  /** Clients choose type URLs; of those without resources there is nothing to remember. */
  #remembers(typeUrl: string): boolean {
    return this.#asked.has(typeUrl) || isKnownType(typeUrl);
  }

  #refuse(r: Resource, detail: string): void {
    const names = remember(this.#refused, r.typeUrl, () => new Map<string, Map<string, string>>());
    remember(names, r.name, () => new Map<string, string>()).set(r.version, detail);
  }

  /** Drops refusals of versions nobody asks for any more. */
  #forgive(typeUrl: string, asked: TypeSet): void {
    const names = this.#refused.get(typeUrl);
    if (!names) return;
    for (const [name, versions] of names) {
      const version = asked.get(name)?.version;
      if (version === undefined || !versions.has(version)) names.delete(name);
    }
    if (names.size === 0) this.#refused.delete(typeUrl);
  }

  #judge(typeUrl: string): Judged {
    if (!this.known) return notYetKnown;
    if (this.#refused.size === 0 && this.#held.size === 0) return this.#plain(typeUrl);
    let judged = this.#judged.get(typeUrl);
    if (!judged) {
      judged = this.#judgeAnew(typeUrl);
      // Clients choose type URLs; only those with resources are worth remembering.
      if (this.#asked.has(typeUrl)) this.#judged.set(typeUrl, judged);
    }
    return judged;
  }

  #judgeAnew(typeUrl: string): Judged {
    const { set: view, revision } = this.#plain(typeUrl).goal;
    const problems = new Map<string, string>();
    const withheld = this.#withheld(typeUrl, problems);
    const { set, frozen } = this.#withoutRefused(withheld ?? view, problems);
    // What is withheld is left as it is, also where it was sent meanwhile.
    if (withheld) for (const name of view.resources.keys()) if (!set.get(name)) frozen.add(name);
    const held = this.#held.get(typeUrl);
    if (held && held.version === set.version) {
      problems.set('*', held.detail);
      return { goal: undefined, problems };
    }
    return { goal: { set, frozen, revision }, problems };
  }

  /** The last good set, where the one asked for may use a cluster that was refused. */
  #withheld(typeUrl: string, problems: Map<string, string>): TypeSet | undefined {
    const good = this.#good.get(typeUrl)?.set;
    if (!needsClusters(typeUrl) || !good || good.version === this.view(typeUrl).version) return undefined;
    const missing = this.#judge(typeUrls.CDS).goal?.frozen;
    if (!missing?.size) return undefined;
    problems.set('*', `withheld, because a cluster was refused: ${[...missing].join(', ')}`);
    return good;
  }

  #withoutRefused(wanted: TypeSet, problems: Map<string, string>): { set: TypeSet; frozen: Set<string> } {
    const names = this.#refused.get(wanted.typeUrl);
    if (!names?.size) return { set: wanted, frozen: new Set() };
    const good = this.#good.get(wanted.typeUrl);
    const accepted = this.#accepted.get(wanted.typeUrl);
    const resources: Resource[] = [];
    const frozen = new Set<string>();
    let replaced = false;
    for (const r of wanted.resources.values()) {
      const versions = names.get(r.name);
      const detail = versions?.get(r.version);
      if (detail === undefined) {
        resources.push(r);
        continue;
      }
      replaced = true;
      problems.set(r.name, detail);
      const whole = good?.set.get(r.name) ?? good?.kept.find(({ name }) => name === r.name);
      const before = [accepted?.get(r.name), whole].find((c) => c && !versions!.has(c.version));
      if (before) resources.push(before);
      else frozen.add(r.name);
    }
    return { set: replaced ? typeSet(wanted.typeUrl, resources) : wanted, frozen };
  }
}

/**
 * What a refusal is put down to: what was not accepted before, of that what it names. What is refused may have been accepted
 * unseen, as part of a set of which the client had asked for other names; but taking back what a whole answer holds may delete
 * what another client of the node has, so there it has to be known, and what the refusal does not name is not to blame instead.
 */
function suspectsOf(
  sent: Sent,
  good: Good | undefined,
  accepted: ReadonlyMap<string, Resource> | undefined,
  detail: string,
): readonly Resource[] {
  const isNew = (r: Resource) =>
    accepted?.get(r.name)?.version !== r.version &&
    (good?.set.get(r.name)?.version !== r.version || (good.names !== undefined && !good.names.has(r.name)));
  const fresh = sent.resources.filter(isNew);
  const isNamed = (r: Resource) => mentions(detail, r.name);
  const named = fresh.filter(isNamed);
  if (named.length > 0) return named;
  const namedOld = sent.resources.filter(isNamed);
  if (namedOld.length > 0) return sent.whole ? [] : namedOld;
  return fresh.length > 0 || sent.whole ? fresh : sent.resources;
}

/** The one made last of each set: nodes of a group are asked for the same, one after the other, and share it. */
const lastAsked = new WeakMap<TypeSet, Asked>();

function asked(set: TypeSet, scope: ListenerScope, revision: number): Asked {
  const last = lastAsked.get(set);
  if (last && last.scope === scope && last.plain.goal.revision === revision) return last;
  const goal = { set: set.visibleTo(scope), frozen: noNames, revision };
  const made: Asked = { set, scope, plain: { goal, problems: noProblems } };
  lastAsked.set(set, made);
  return made;
}

function emptySet(typeUrl: string): TypeSet {
  // Clients choose type URLs.
  if (empties.size >= 256) empties.clear();
  return remember(empties, typeUrl, () => typeSet(typeUrl, []));
}

/** `CDS cart, catalog`: a type and names for messages. */
export function describe(typeUrl: string, names: Iterable<string>): string {
  return `${shortName(typeUrl)} ${[...names].join(', ')}`;
}
