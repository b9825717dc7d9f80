import { smallKey } from './answer-key.ts';
import type { Verdict } from './answers.ts';
import type { SentClusters } from './cluster-memory.ts';
import { UNKNOWN } from './holdings.ts';
import { mentions } from './mentions.ts';
import { remember } from './remember.ts';
import type { Resource } from './resource.ts';
import { shortestTtlMs } from './resource.ts';
import type { Goal, Outgoing, Plan, PlanOptions } from './subscription.ts';
import { Subscription } from './subscription.ts';
import { contentHash } from './type-set.ts';
import { isFullState } from './type-urls.ts';

/** The part of a DiscoveryRequest that concerns one subscription. */
export interface SotwRequest {
  readonly names: readonly string[];
  /** Of the answer the client last applied, on whichever stream; only read on the type's first request. */
  readonly version: string;
  readonly nonce: string;
  /** Present = the answer named by `nonce` was refused. */
  readonly error: string | undefined;
}

/**
 * State-of-the-world xDS. A request carries the whole list of names; one with a stale nonce was overtaken by an answer
 * and is not answered. Clusters, listeners and scoped routes are always sent whole, of other types only what is new.
 */
export class SotwSubscription extends Subscription {
  readonly protocol = 'sotw';
  /** Resources no longer in the set that are still sent until nothing refers to them. */
  #kept = new Map<string, Resource>();
  /** What the last answer told, where answers are whole. */
  #told: readonly Resource[] = [];
  /** What the last two acknowledged answers told, where answers are whole, or what the client came with. */
  #acknowledged: readonly Resource[] = [];
  #acknowledgedBefore: readonly Resource[] = [];
  /** Of the answer refused since what was not to blame, which the client may use all the same. */
  #perhaps: readonly Resource[] = [];
  /** Refusals in a row that said nothing of what. */
  #unexplained = 0;
  #brought: string | undefined;

  /** The version the client applied last on an earlier stream; undefined before its first request. */
  get brought(): string | undefined {
    return this.#brought;
  }

  onRequest(request: SotwRequest): Verdict {
    this.#brought ??= request.version;
    this.resumed = this.#brought !== '';
    // Before the first answer of this stream any nonce is one of an earlier stream and means nothing here.
    let verdict: Verdict = { kind: 'subscribe' };
    if (this.lastNonce !== undefined && request.nonce !== '') {
      if (request.nonce !== this.lastNonce) return { kind: 'stale' };
      verdict = this.judge(request.nonce, request.error);
      if (this.whole) this.#note(verdict);
    }
    const { wildcard } = this.interest;
    const change = this.interest.replace(request.names);
    for (const name of change.asked) {
      this.fresh.add(name);
      // The set it is in step with may hold what it had not asked for and was not sent.
      if (!wildcard) this.holdings.set(name, null);
    }
    for (const name of change.dropped) this.fresh.delete(name);
    if (change.gainedWildcard) this.gainWildcard(change, false);
    return verdict;
  }

  /** What is known of what the client has of whole answers: it is what may be kept of what goes. */
  #note(verdict: Verdict): void {
    if (verdict.kind === 'ack') {
      this.#acknowledgedBefore = this.#acknowledged;
      this.#acknowledged = verdict.sent.resources;
      this.#perhaps = [];
      this.#unexplained = 0;
    } else if (verdict.kind === 'nack') {
      const { resources } = verdict.sent;
      // Acknowledged and refused after all.
      if (resources === this.#acknowledged) this.#acknowledged = this.#acknowledgedBefore;
      else this.#narrow(resources, verdict.detail);
    }
  }

  /** What is to blame, or may be, is not kept any more, or it might be refused for ever. */
  #narrow(resources: readonly Resource[], detail: string): void {
    const blamed = new Map(resources.filter((r) => mentions(detail, r.name)).map((r) => [r.name, r.version]));
    this.#unexplained = blamed.size > 0 ? 0 : this.#unexplained + 1;
    const all = this.#unexplained > 1 && this.#kept.size > 0;
    const isSpared = (r: Resource) => !all && blamed.get(r.name) !== r.version;
    const had = this.#perhaps.filter((r) => blamed.has(r.name));
    this.#perhaps = resources
      .filter((r) => !blamed.has(r.name))
      .concat(had)
      .filter(isSpared);
    this.#acknowledged = this.#acknowledged.filter(isSpared);
  }

  /** The client holds this from an earlier stream, and maybe some of what was sent `after` it and refused. */
  resume(sent: SentClusters, after: Iterable<SentClusters>): void {
    this.#acknowledged = bodiesOf(sent);
    this.#kept = new Map(sent.kept.map((r) => [r.name, r]));
    this.holdings.reach(sent.set);
    for (const r of sent.kept) this.holdings.set(r.name, r.version);
    for (const { set } of after)
      for (const r of set.resources.values())
        if (this.holdings.version(r.name) !== r.version) this.holdings.set(r.name, UNKNOWN);
  }

  protected make(goal: Goal, options: PlanOptions): Plan | undefined {
    return this.whole ? this.#planWhole(goal, options) : this.#planPart(goal, options);
  }

  override commit(goal: Goal, plan: Plan, options: PlanOptions, now: number): Outgoing {
    if (plan.kept.length > 0 || this.#kept.size > 0) this.#kept = new Map(plan.kept.map((r) => [r.name, r]));
    // Who asked anew for some of it was sent all of it.
    const outgoing = super.commit(goal, plan, this.whole ? { ...options, freshOnly: false } : options, now);
    // A whole answer without them says that they do not exist.
    if (this.whole) {
      this.#told = plan.resources;
      for (const name of goal.frozen) {
        this.holdings.set(name, null);
        this.fresh.delete(name);
      }
    }
    return outgoing;
  }

  override get whole(): boolean {
    return isFullState(this.typeUrl);
  }

  override get keptBodies(): readonly Resource[] {
    return this.whole && this.#kept.size > 0 ? [...this.#kept.values()] : super.keptBodies;
  }

  /** It runs out, or stays: should it come back, it is sent again. */
  protected override leaveOut({ set }: Goal): void {
    if (this.whole) return;
    for (const name of this.holdings.base?.resources.keys() ?? [])
      if (!set.get(name) && this.holdings.version(name) !== null) this.holdings.set(name, UNKNOWN);
  }

  /** A heartbeat has to be whole as well, or it deletes the others, also those that are kept: the last answer, once more. */
  protected override timedResources(goal: Goal): readonly Resource[] {
    if (!this.whole) return super.timedResources(goal);
    const told = this.#told.filter((r) => this.interest.covers(r.name));
    return shortestTtlMs(told) === undefined ? [] : told;
  }

  #planWhole(goal: Goal, options: PlanOptions): Plan | undefined {
    if (options.freshOnly && !this.allFresh && this.fresh.size === 0) return undefined;
    const { set, frozen } = goal;
    let dirty = !this.everSent ? !this.interest.empty : this.allFresh;
    const kept: Resource[] = [];
    for (const name of this.candidates(set)) {
      if (!this.interest.covers(name)) continue;
      const held = this.holdings.version(name);
      const resource = set.get(name);
      if (resource) dirty ||= this.isFresh(name) || held !== resource.version;
      else if (held !== null) {
        const body = frozen.has(name) ? undefined : this.#body(name, held);
        if (options.holdRemovals && body) kept.push(body);
        else dirty = true;
      } else if (this.fresh.has(name)) dirty = true;
    }
    if (!dirty) return undefined;
    const own = this.interest.wildcard
      ? [...set.resources.values()]
      : [...this.interest.names].map((name) => set.get(name)).filter((r) => r !== undefined);
    return {
      resources: kept.length > 0 ? own.concat(kept) : own,
      removed: [],
      kept,
      keptNames: kept.map((r) => r.name),
      // What is neither the old state nor the new has a name of its own: a client may come back with it.
      version: kept.length > 0 ? `${set.label}~${contentHash(new Map(kept.map((r) => [r.name, r])))}` : set.label,
      key: this.interest.wildcard && kept.length === 0 ? 'whole' : undefined,
    };
  }

  /** What to go on sending of a resource that is to go: never a version the client has refused. */
  #body(name: string, held: string): Resource | undefined {
    for (const body of [this.#kept.get(name), this.holdings.base?.get(name)]) if (body?.version === held) return body;
    const isIt = (r: Resource) => r.name === name;
    return this.#acknowledged.find(isIt) ?? this.#perhaps.find(isIt);
  }

  #planPart(goal: Goal, options: PlanOptions): Plan | undefined {
    const { set, frozen } = goal;
    const resources: Resource[] = [];
    const kept: Resource[] = [];
    for (const name of this.candidates(set)) {
      if (!this.interest.covers(name) || frozen.has(name)) continue;
      if (options.freshOnly && !this.isFresh(name)) continue;
      const resource = set.get(name);
      if (resource && (this.isFresh(name) || this.holdings.version(name) !== resource.version))
        resources.push(resource);
      const owed = resource || !this.fresh.has(name) ? undefined : options.owed?.warmedBy(this.typeUrl, name);
      if (owed) kept.push(owed);
    }
    resources.push(...kept);
    const first = !this.everSent && this.interest.wildcard;
    if (resources.length === 0 && !first) return undefined;
    return {
      resources,
      removed: [],
      kept,
      keptNames: [],
      version: set.label,
      key: smallKey(resources, []),
    };
  }
}

const bodies = new WeakMap<SentClusters, readonly Resource[]>();

/** All it told: thousands of clients come back with the same. */
function bodiesOf(sent: SentClusters): readonly Resource[] {
  return remember(bodies, sent, () => [...sent.set.resources.values(), ...sent.kept]);
}
