import type { Sent, Verdict } from './answers.ts';
import { Answers } from './answers.ts';
import type { ClusterMemory } from './cluster-memory.ts';
import { Holdings, UNKNOWN } from './holdings.ts';
import type { InterestChange } from './interest.ts';
import { Interest } from './interest.ts';
import type { Resource } from './resource.ts';
import { shortestTtlMs } from './resource.ts';
import { isNamedBy, sharedPlan } from './shared-plans.ts';
import type { TypeSet } from './type-set.ts';

/** What a node should have of one type now. */
export interface Goal {
  readonly set: TypeSet;
  /** Names that are neither sent nor removed: the proxy refused them and has no earlier version to go back to. */
  readonly frozen: ReadonlySet<string>;
  /** The node's revision that last changed this type. */
  readonly revision: number;
}

/** An answer, not yet encoded. */
export interface Outgoing extends Sent {
  readonly protocol: 'sotw' | 'delta';
  readonly typeUrl: string;
  /** Those removed that the client never had, where its type tells the two apart. */
  readonly missing?: ReadonlySet<string> | undefined;
  /** Whether times to live are written (only to clients that say they understand them). */
  readonly ttl: boolean;
  /** How it was made from its set: equal keys on one set mean equal bytes. */
  readonly key: string | undefined;
}

export interface PlanOptions {
  /** Send what is new, take nothing away yet (make before break). */
  readonly holdRemovals: boolean;
  /** Only what was asked for since the last answer. */
  readonly freshOnly: boolean;
  /** What the client may ask for though it is to go: its clusters still warm by it. */
  readonly owed?: Pick<ClusterMemory, 'warmedBy'> | undefined;
}

export interface Plan {
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
  readonly missing?: ReadonlySet<string>;
  /** Sent though they are to go. */
  readonly kept: readonly Resource[];
  /** Not taken away yet. */
  readonly keptNames: readonly string[];
  readonly version: string;
  readonly key: string | undefined;
}

export interface SubscriptionOptions {
  readonly ttl: boolean;
  /** How long an answer may stay unacknowledged before a newer one is sent regardless, ms. */
  readonly patienceMs: number;
}

const MOST_OUTSTANDING = 8;
const nothing: ReadonlySet<string> = new Set();
const noBodies: readonly Resource[] = [];

/** Everything, removals at once or not yet. */
export const keepNone: PlanOptions = { holdRemovals: false, freshOnly: false };
export const keepAll: PlanOptions = { holdRemovals: true, freshOnly: false };

/**
 * The state of one type on one stream: what the client asks for, what it has, which answers are on their way. It knows
 * no sockets and no timers; time is an argument. The two protocols differ in how a request is read ({@link DeltaSubscription},
 * {@link SotwSubscription}) and in what an answer holds.
 */
export abstract class Subscription {
  readonly typeUrl: string;
  readonly interest = new Interest();
  readonly holdings = new Holdings();
  /** Names to send even if the client is believed to have them. */
  protected readonly fresh = new Set<string>();
  protected allFresh = false;
  /** The client brought something from an earlier stream. */
  resumed = false;
  /** How much it told of that: names, and characters of names and versions. */
  told = { names: 0, length: 0 };
  /** How much it let go of under the wildcard and was not answered yet: names, each time, and their characters. */
  letGo = { names: 0, length: 0 };
  protected everSent = false;
  protected readonly options: SubscriptionOptions;
  readonly #answers = new Answers();
  #sentAt = 0;
  #heartbeatAt: number | undefined;
  /** The set, and the node's revision, this client is known to be in step with. */
  synced: TypeSet | undefined;
  syncedRevision = -1;
  sentVersion: string | undefined;
  ackedVersion: string | undefined;

  constructor(typeUrl: string, options: SubscriptionOptions) {
    this.typeUrl = typeUrl;
    this.options = options;
  }

  abstract readonly protocol: 'sotw' | 'delta';
  protected abstract make(goal: Goal, options: PlanOptions): Plan | undefined;

  /**
   * What should be sent to reach the goal, or undefined. Changes nothing. A plan that depends on nothing but the goal and where
   * the client comes from is made once for all streams in that position, and so is its answer: thousands are after a
   * change, or after a reconnection.
   */
  plan(goal: Goal, options: PlanOptions): Plan | undefined {
    if (this.has(goal.set)) return undefined;
    const position = this.#position(goal, options);
    if (position === undefined) return this.make(goal, options);
    return sharedPlan(goal.set, position, () => this.make(goal, options));
  }

  /** The client has the set and asked for nothing again: there is nothing to plan. Most looks at a stream end here. */
  has(set: TypeSet): boolean {
    const { base, exact } = this.holdings;
    return this.everSent && base === set && exact && !this.allFresh && this.fresh.size === 0;
  }

  /** All that a plan depends on beside the goal's set, as far as other streams can have the same; undefined = they cannot. */
  #position(goal: Goal, options: PlanOptions): number | undefined {
    const { base, exact } = this.holdings;
    const { wildcard, names } = this.interest;
    if (!exact || goal.frozen.size > 0 || options.freshOnly) return undefined;
    if (!wildcard && !isNamedBy(goal.set, names)) return undefined;
    // Of names asked for anew, either none or all: what is fresh is asked for.
    const fresh = this.fresh.size > 0;
    if (fresh && (wildcard || this.fresh.size !== names.size)) return undefined;
    let position = base?.serial ?? 0;
    position = position * 2 + Number(this.protocol === 'delta');
    position = position * 2 + Number(this.everSent);
    position = position * 2 + Number(this.allFresh);
    position = position * 2 + Number(fresh);
    position = position * 2 + Number(wildcard);
    return position * 2 + Number(options.holdRemovals);
  }

  /** No answer is waiting for its acknowledgement. */
  get idle(): boolean {
    return this.#answers.onTheirWay === 0;
  }

  protected get lastNonce(): string | undefined {
    return this.#answers.lastNonce;
  }

  /**
   * Sends these again although unchanged, where the client has them: clusters that changed wait for their endpoints. `gone`: what
   * the goal no longer has, and the client may have all the same: state of the world does not tell it.
   */
  refresh(names: Iterable<string> | 'all', gone: (name: string) => boolean = () => false): void {
    // Only what the client asks for and has; the rest is sent when it is asked for.
    for (const name of names === 'all' ? this.#any() : names)
      if (this.#has(name) || (this.interest.covers(name) && gone(name))) this.fresh.add(name);
  }

  /** Names the client may have. */
  *#any(): Iterable<string> {
    yield* this.holdings.base?.resources.keys() ?? [];
    yield* this.holdings.exceptions;
    yield* this.interest.names;
  }

  #has(name: string): boolean {
    return this.interest.covers(name) && this.holdings.version(name) !== null;
  }

  /**
   * Whether the client has acknowledged all of `set` that it asks for (`removals`: and let go of what is not in it). True
   * for the last set acknowledged even if the node's goal has moved on meanwhile.
   */
  accepted(set: TypeSet, removals: boolean): boolean {
    if (!this.idle || this.interest.empty) return false;
    return this.has(set) || !this.plan({ set, frozen: nothing, revision: 0 }, removals ? keepNone : keepAll);
  }

  /** Whether an answer may be sent now, given the ones that are on their way. */
  maySend(now: number): boolean {
    if (this.idle) return true;
    if (this.#answers.onTheirWay >= MOST_OUTSTANDING) return false;
    return now - this.#sentAt >= this.options.patienceMs || (this.protocol === 'delta' && this.fresh.size > 0);
  }

  /** Names in answers that are on their way. */
  get awaited(): ReadonlySet<string> {
    const names = new Set<string>();
    for (const sent of this.#answers) {
      for (const r of sent.resources) names.add(r.name);
      for (const name of sent.removed) names.add(name);
    }
    return names;
  }

  /** When the newest answer was sent, ms since the epoch. */
  get sentAt(): number | undefined {
    return this.everSent ? this.#sentAt : undefined;
  }

  /** When patience with the present answer ends; undefined with none on its way. */
  get patienceEndsAt(): number | undefined {
    return this.idle ? undefined : this.#sentAt + this.options.patienceMs;
  }

  /**
   * When the next refresh of times to live is due. A client may take long to acknowledge an answer (Envoy does so while
   * clusters warm), and what it has runs out meanwhile; one that acknowledges no refresh is not refreshed. In state of
   * the world a refresh overtakes the answer before it: that is left in peace for as long as by a newer one, and
   * overtaken only by one that is whole, so that what is said of the refresh holds for both.
   */
  get heartbeatAt(): number | undefined {
    const at = this.#heartbeatAt;
    if (at === undefined || this.idle) return at;
    const { working } = this.#answers;
    if (!working || this.protocol === 'delta') return working && at;
    return this.whole ? Math.max(at, working.at + this.options.patienceMs) : undefined;
  }

  /** Sends what {@link plan} said. The caller hands the result to the wire. */
  commit(goal: Goal, plan: Plan, options: PlanOptions, now: number): Outgoing {
    if (options.freshOnly && !this.allFresh) {
      for (const r of plan.resources) {
        this.holdings.set(r.name, r.version);
        this.fresh.delete(r.name);
      }
      for (const name of plan.removed) {
        this.holdings.set(name, null);
        this.fresh.delete(name);
      }
    } else {
      const carried: [string, string | null][] = [];
      for (const name of plan.keptNames) carried.push([name, this.holdings.version(name)]);
      for (const name of goal.frozen) carried.push([name, this.holdings.version(name)]);
      this.holdings.reach(goal.set);
      for (const [name, version] of carried) this.holdings.set(name, version);
      for (const r of plan.kept) this.holdings.set(r.name, r.version);
      if (this.fresh.size > 0 && goal.frozen.size === 0) this.fresh.clear();
      for (const name of this.fresh) if (!goal.frozen.has(name)) this.fresh.delete(name);
      this.allFresh = false;
    }
    // Of what was asked for only what the proxy refused is open, and that exists.
    if (this.letGo.names > 0) this.letGo = { names: 0, length: 0 };
    return this.#send(goal, plan, now, false);
  }

  /** Whether every answer carries everything, and so refreshes every time to live. */
  get whole(): boolean {
    return false;
  }

  /** Names it asks for, where that is not everything and what an answer leaves out is deleted. */
  get namesOfWhole(): ReadonlySet<string> | undefined {
    return this.whole && !this.interest.wildcard ? this.interest.names : undefined;
  }

  /** What its goal no longer has and the client was left for the time being, where it cannot be told by itself what goes. */
  get keptBodies(): readonly Resource[] {
    return noBodies;
  }

  /** The client goes on with what it has, whose times to live are running out. */
  protected refreshSoon(): void {
    if (this.options.ttl) this.#heartbeatAt = 0;
  }

  /** Refreshes times to live when due: the same resources in the version the client has. */
  heartbeat(goal: Goal, now: number): Outgoing | undefined {
    const due = this.heartbeatAt;
    if (due === undefined || now < due) return undefined;
    this.leaveOut(goal);
    const resources = this.timedResources(goal);
    if (resources.length === 0) {
      this.#heartbeatAt = undefined;
      return undefined;
    }
    const plan = {
      resources,
      removed: [],
      kept: [],
      keptNames: [],
      version: this.sentVersion ?? goal.set.label,
      key: undefined,
    };
    // What an unacknowledged answer was made from is what its acknowledgement, and this one's, speaks of.
    return this.#send(this.#answers.working ?? goal, plan, now, true);
  }

  /** A refresh leaves out what is not in the goal any more, where no answer says that it is gone. */
  protected leaveOut(_: Goal): void {}

  /**
   * Resources with a time to live that the client has, in the version that it has. Delta tells it what goes; in state of the
   * world that runs out.
   */
  protected timedResources({ set }: Goal): readonly Resource[] {
    const timed = new Map<string, Resource>();
    for (const of of new Set([this.holdings.base, set]))
      for (const r of of?.resources.values() ?? [])
        if (r.ttlMs !== undefined && this.interest.covers(r.name) && this.holdings.version(r.name) === r.version)
          if (this.protocol === 'delta' || set.get(r.name)) timed.set(r.name, r);
    return [...timed.values()];
  }

  #send({ set, revision }: Pick<Goal, 'set' | 'revision'>, plan: Plan, now: number, refresh: boolean): Outgoing {
    const beside = refresh && !this.idle;
    const nonce = this.#answers.nextNonce(set);
    const outgoing: Outgoing = {
      protocol: this.protocol,
      typeUrl: this.typeUrl,
      version: plan.version,
      nonce,
      set,
      revision,
      resources: plan.resources,
      whole: this.whole,
      removed: plan.removed,
      missing: plan.missing,
      ttl: this.options.ttl,
      // What it overtakes is acknowledged, or refused, with it.
      heartbeat: refresh && !(beside && this.protocol === 'sotw'),
      at: now,
      key: plan.key,
    };
    // State of the world: only the newest nonce counts. Delta: each answer is judged on its own.
    if (this.protocol === 'sotw') this.#answers.forget();
    else if (beside) this.#answers.forgetRefreshes();
    this.#answers.add(outgoing);
    this.everSent = true;
    // Patience is with what is new.
    if (!beside) this.#sentAt = now;
    this.sentVersion = plan.version;
    const shortest = refresh ? shortestTtlMs(plan.resources) : set.shortestTtlMs;
    this.#heartbeatAt = this.#nextHeartbeat(shortest, now, refresh || this.whole);
    return outgoing;
  }

  /** An answer of some resources refreshes no others, and however many come, those have to be refreshed in time. */
  #nextHeartbeat(shortest: number | undefined, now: number, refreshed: boolean): number | undefined {
    if (!this.options.ttl || shortest === undefined) return undefined;
    const next = now + Math.max(1, shortest / 2);
    return refreshed ? next : Math.min(next, this.#heartbeatAt ?? next);
  }

  /** Reads the acknowledgement in a request. */
  protected judge(nonce: string, error: string | undefined): Verdict {
    const verdict = this.#answers.judge(nonce, error);
    if (verdict.kind === 'ack' && !verdict.sent.heartbeat) this.ackedVersion = verdict.sent.set.label;
    // A refused answer may have been applied in part (clusters and listeners are), so nothing is known of its names.
    if (verdict.kind === 'nack') {
      for (const r of verdict.sent.resources) this.holdings.set(r.name, UNKNOWN);
      for (const name of verdict.sent.removed) this.holdings.set(name, UNKNOWN);
    }
    return verdict;
  }

  /** Everything is asked for now. `before`: it was already. */
  protected gainWildcard(change: InterestChange, before: boolean): void {
    this.allFresh = true;
    if (!before) {
      const had = new Set([...this.interest.names, ...change.dropped]);
      for (const name of change.asked) had.delete(name);
      for (const name of this.holdings.base?.resources.keys() ?? []) if (!had.has(name)) this.holdings.set(name, null);
    }
    // What is on its way may reach the client after this, and then stays with it.
    for (const sent of this.#answers) for (const r of sent.resources) this.holdings.set(r.name, UNKNOWN);
  }

  /** Names whose state towards the goal must be looked at: everything else is known to be in step. */
  protected *candidates(set: TypeSet): Iterable<string> {
    const { base } = this.holdings;
    if (this.allFresh) {
      const seen = new Set<string>(set.resources.keys());
      for (const name of base?.resources.keys() ?? []) seen.add(name);
      for (const name of this.holdings.exceptions) seen.add(name);
      for (const name of this.fresh) seen.add(name);
      yield* seen;
      return;
    }
    const { upserted, removed } = set.changesSince(base);
    const rest = new Set<string>(this.holdings.exceptions);
    for (const name of this.fresh) rest.add(name);
    for (const r of upserted) {
      rest.delete(r.name);
      yield r.name;
    }
    for (const name of removed) {
      rest.delete(name);
      yield name;
    }
    yield* rest;
  }

  protected isFresh(name: string): boolean {
    return this.allFresh || this.fresh.has(name);
  }
}
