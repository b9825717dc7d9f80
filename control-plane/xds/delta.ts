import { smallKey } from './answer-key.ts';
import type { Verdict } from './answers.ts';
import { lengthOf } from './request-limits.ts';
import type { Resource } from './resource.ts';
import type { Goal, Outgoing, Plan, PlanOptions } from './subscription.ts';
import { Subscription } from './subscription.ts';
import type { TypeSet } from './type-set.ts';
import { saysMissingByAlias } from './type-urls.ts';

/** The part of a DeltaDiscoveryRequest that concerns one subscription. */
export interface DeltaRequest {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** What the client kept from an earlier stream; only read on the type's first request. */
  readonly initialVersions: ReadonlyMap<string, string>;
  readonly nonce: string;
  /** Present = the answer named by `nonce` was refused. */
  readonly error: string | undefined;
  /** Of those subscribed: forgotten when they are answered, unless they exist. */
  readonly passing?: readonly string[];
}

/**
 * Incremental xDS. Changes of the subscription count whatever the nonce; every name subscribed in a request is answered,
 * even if the client is believed to have it, except on the first request of a stream that resumes an earlier one.
 */
export class DeltaSubscription extends Subscription {
  readonly protocol = 'delta';
  /** Names that are asked for only until they are answered, unless they exist then, and their characters. */
  readonly passing = new Set<string>();
  passingLength = 0;
  #started = false;
  #related = false;

  /** A client that came back with what it had is compared with the set it should have, once, before anything is planned. */
  relateTo(set: TypeSet): void {
    if (this.#related || !this.resumed) return;
    this.#related = true;
    this.holdings.relateTo(set);
  }

  onRequest(request: DeltaRequest): Verdict {
    const verdict: Verdict = request.nonce === '' ? { kind: 'subscribe' } : this.judge(request.nonce, request.error);
    const resumes = !this.#started && request.initialVersions.size > 0;
    if (resumes) this.resumed = true;
    const wildcard = this.interest.wildcard;
    const unknown = request.subscribe.filter((name) => !this.interest.covers(name));
    const change = this.interest.update(request.subscribe, request.unsubscribe);
    for (const name of request.passing ?? []) if (this.interest.names.has(name)) this.#pass(name);
    if (!this.#started) this.#bring(request.initialVersions);
    this.#started = true;
    if (resumes) this.refreshSoon();
    // The set it is in step with may hold what it had not asked for and was not sent.
    else for (const name of unknown) if (this.holdings.version(name) !== null) this.holdings.set(name, null);
    for (const name of change.asked) if (!resumes || this.holdings.version(name) === null) this.fresh.add(name);
    if (change.gainedWildcard && !resumes) this.gainWildcard(change, wildcard);
    for (const name of change.dropped) {
      this.#stay(name);
      this.fresh.delete(name);
      // Still covered by the wildcard: the client dropped its copy, so it gets the resource again, or its removal.
      if (this.interest.wildcard) this.#remind(name);
    }
    if (wildcard && !this.interest.wildcard) this.allFresh = false;
    return verdict;
  }

  override commit(goal: Goal, plan: Plan, options: PlanOptions, now: number): Outgoing {
    const outgoing = super.commit(goal, plan, options, now);
    if (this.passing.size > 0) this.#forget(goal.set, new Set(plan.removed));
    return outgoing;
  }

  #forget(set: TypeSet, removed: ReadonlySet<string>): void {
    const gone: string[] = [];
    for (const name of this.passing) {
      if (removed.has(name)) gone.push(name);
      if (removed.has(name) || set.get(name)) this.#stay(name);
    }
    this.interest.update([], gone);
  }

  #pass(name: string): void {
    if (this.passing.has(name)) return;
    this.passing.add(name);
    this.passingLength += name.length;
  }

  /** It is not passing any more. */
  #stay(name: string): void {
    if (this.passing.delete(name)) this.passingLength -= name.length;
  }

  #remind(name: string): void {
    this.fresh.add(name);
    this.letGo.names++;
    this.letGo.length += name.length;
  }

  #bring(versions: ReadonlyMap<string, string>): void {
    for (const [name, version] of versions) this.holdings.set(name, version);
    this.told = { names: versions.size, length: lengthOf(versions) };
  }

  protected make(goal: Goal, options: PlanOptions): Plan | undefined {
    const { set, frozen } = goal;
    const resources: Resource[] = [];
    const removed: string[] = [];
    const kept: Resource[] = [];
    const keptNames: string[] = [];
    const missing = new Set<string>();
    for (const name of this.candidates(set)) {
      if (!this.interest.covers(name) || frozen.has(name)) continue;
      if (options.freshOnly && !this.isFresh(name)) continue;
      const held = this.holdings.version(name);
      const resource = set.get(name);
      if (resource) {
        if (this.isFresh(name) || held !== resource.version) resources.push(resource);
      } else {
        const owed = this.fresh.has(name) ? options.owed?.warmedBy(this.typeUrl, name) : undefined;
        if (owed) kept.push(owed);
        else if (held !== null) (options.holdRemovals ? keptNames : removed).push(name);
        else if (this.fresh.has(name)) {
          removed.push(name);
          if (saysMissingByAlias(this.typeUrl)) missing.add(name);
        }
      }
    }
    resources.push(...kept);
    const nothing = resources.length === 0 && removed.length === 0;
    // A client that starts with everything of a type must learn that there is nothing, or it waits.
    const first = !this.everSent && !this.resumed && this.interest.wildcard && this.holdings.exact;
    if (nothing && !first) return undefined;
    return {
      resources,
      removed,
      ...(missing.size > 0 ? { missing } : {}),
      kept,
      keptNames,
      version: set.label,
      key: missing.size > 0 ? undefined : smallKey(resources, removed),
    };
  }
}
