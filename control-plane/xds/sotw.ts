import { smallKey } from './answer-key.ts';
import type { Verdict } from './answers.ts';
import type { Resource } from './resource.ts';
import type { Goal, Outgoing, Plan, PlanOptions } from './subscription.ts';
import { Subscription } from './subscription.ts';
import { isFullState } from './type-urls.ts';

/** The part of a DiscoveryRequest that concerns one subscription. */
export interface SotwRequest {
  readonly names: readonly string[];
  readonly nonce: string;
  /** Present = the answer named by `nonce` was refused. */
  readonly error: string | undefined;
}

/**
 * State-of-the-world xDS. A request carries the whole list of names; one with a stale nonce was overtaken by an answer
 * and is not answered. Clusters and listeners are always sent whole, other types only what is new.
 */
export class SotwSubscription extends Subscription {
  readonly protocol = 'sotw';
  /** Resources no longer in the set that are still sent until nothing refers to them. */
  #kept = new Map<string, Resource>();

  onRequest(request: SotwRequest): Verdict {
    // Before the first answer of this stream any nonce is one of an earlier stream and means nothing here.
    let verdict: Verdict = { kind: 'subscribe' };
    if (this.lastNonce !== undefined && request.nonce !== '') {
      if (request.nonce !== this.lastNonce) return { kind: 'stale' };
      verdict = this.judge(request.nonce, request.error);
    }
    const change = this.interest.replace(request.names);
    for (const name of change.asked) this.fresh.add(name);
    for (const name of change.dropped) this.fresh.delete(name);
    if (change.gainedWildcard) this.gainWildcard(change, false);
    return verdict;
  }

  plan(goal: Goal, options: PlanOptions): Plan | undefined {
    if (this.has(goal)) return undefined;
    return this.shared(goal, options, () =>
      this.whole ? this.#planWhole(goal, options) : this.#planPart(goal, options),
    );
  }

  override commit(goal: Goal, plan: Plan, options: PlanOptions, now: number): Outgoing {
    this.#kept = new Map(plan.kept.map((r) => [r.name, r]));
    const outgoing = super.commit(goal, plan, options, now);
    for (const r of plan.kept) this.holdings.set(r.name, r.version);
    // A whole answer without them says that they do not exist.
    if (this.whole)
      for (const name of goal.frozen) {
        this.holdings.set(name, null);
        this.fresh.delete(name);
      }
    return outgoing;
  }

  override get whole(): boolean {
    return isFullState(this.typeUrl);
  }

  /** A heartbeat of clusters or listeners has to be whole as well, or it deletes the others. */
  protected override timedResources(goal: Goal): readonly Resource[] {
    const timed = super.timedResources(goal);
    if (timed.length === 0 || !this.whole) return timed;
    return [...goal.set.resources.values()].filter((r) => this.interest.covers(r.name));
  }

  #planWhole(goal: Goal, options: PlanOptions): Plan | undefined {
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
    if (!this.everSent && options.holdRemovals && options.previous)
      for (const r of options.previous.resources.values())
        if (this.interest.covers(r.name) && !set.get(r.name) && !frozen.has(r.name)) kept.push(r);
    const own = this.interest.wildcard
      ? [...set.resources.values()]
      : [...this.interest.names].map((name) => set.get(name)).filter((r) => r !== undefined);
    return {
      resources: kept.length > 0 ? own.concat(kept) : own,
      removed: [],
      kept,
      keptNames: kept.map((r) => r.name),
      version: kept.length > 0 ? `${set.label}~${(options.previous ?? this.holdings.base)?.label ?? ''}` : set.label,
      key: this.interest.wildcard && kept.length === 0 ? 'whole' : undefined,
    };
  }

  /** What to go on sending of a resource that is to go: never a version the client has refused. */
  #body(name: string, held: string): Resource | undefined {
    for (const body of [this.#kept.get(name), this.holdings.base?.get(name)]) if (body?.version === held) return body;
    return this.synced?.get(name);
  }

  #planPart(goal: Goal, options: PlanOptions): Plan | undefined {
    const { set, frozen } = goal;
    const resources: Resource[] = [];
    for (const name of this.candidates(set)) {
      if (!this.interest.covers(name) || frozen.has(name)) continue;
      if (options.freshOnly && !this.isFresh(name)) continue;
      const resource = set.get(name);
      if (resource && (this.isFresh(name) || this.holdings.version(name) !== resource.version))
        resources.push(resource);
    }
    const first = !this.everSent && this.interest.wildcard;
    if (resources.length === 0 && !first) return undefined;
    return {
      resources,
      removed: [],
      kept: [],
      keptNames: [],
      version: set.label,
      key: smallKey(resources, []),
    };
  }
}
