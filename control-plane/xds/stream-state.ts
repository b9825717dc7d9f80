import type { Verdict } from './answers.ts';
import type { ClusterMemory } from './cluster-memory.ts';
import type { DeltaRequest } from './delta.ts';
import { DeltaSubscription } from './delta.ts';
import type { Resource } from './resource.ts';
import type { SotwRequest } from './sotw.ts';
import { SotwSubscription } from './sotw.ts';
import type { Goal, Outgoing, PlanOptions, Subscription, SubscriptionOptions } from './subscription.ts';
import { keepAll, keepNone } from './subscription.ts';
import type { TypeSet } from './type-set.ts';
import { needsClusters, needsListeners, rank, removedLast, typeUrls, warmingTypes } from './type-urls.ts';

/** What a stream asks of its node. */
export interface StreamNode {
  /** What the node should have of a type; undefined holds requests unanswered. */
  goal(typeUrl: string): Goal | undefined;
  /** Whether the goal is less than what was asked for, because some of it was refused. */
  troubled(typeUrl: string): boolean;
  /** The clusters its clients were sent. */
  readonly clusters: ClusterMemory;
  /** The stream's client has acknowledged all there is of this set for it: for these names, or for all; and was left `kept`. */
  onSynced(typeUrl: string, set: TypeSet, names: ReadonlySet<string> | undefined, kept: readonly Resource[]): void;
}

export interface StreamOptions extends SubscriptionOptions {
  /** All types come by this stream. */
  readonly aggregated: boolean;
}

/** How long a new stream's client has to ask for what uses clusters before some may be taken away regardless, ms. */
const GRACE_MS = 1000;

/**
 * All subscriptions of one stream and the order between them, "make before break" of the protocol description:
 *
 * 1. clusters, then endpoints, with nothing taken away yet. Endpoints never wait for the clusters' acknowledgement: Envoy
 *    withholds it until changed clusters are warm, and they warm by their endpoints, which therefore are sent again.
 * 2. listeners, then routes, when clusters and endpoints are acknowledged;
 * 3. removals of clusters, then endpoints, when listeners and routes are acknowledged. On a new stream the client asks for
 *    clusters first, and what it kept of its routes may lead to one that is gone: they wait to be asked for, for a moment.
 *
 * Endpoints and secrets that are to go are still answered while a cluster that was sent may wait for them: Envoy says
 * nothing of any cluster until all are warm.
 *
 * Other types are independent. Pure: time and goals are arguments, answers are returned.
 */
export class StreamState {
  readonly protocol: 'sotw' | 'delta';
  readonly #options: StreamOptions;
  #subscriptions: Subscription[] = [];
  /** Endpoints of clusters that changed before this stream asked for any: its client may say that it has them. */
  #unwarmed: readonly string[] | 'all' | undefined;
  #rewarmed = false;
  #openedAt: number | undefined;

  constructor(protocol: 'sotw' | 'delta', options: StreamOptions) {
    this.protocol = protocol;
    this.#options = options;
  }

  get subscriptions(): readonly Subscription[] {
    return this.#subscriptions;
  }

  subscription(typeUrl: string): Subscription | undefined {
    for (const s of this.#subscriptions) if (s.typeUrl === typeUrl) return s;
    return undefined;
  }

  onSotw(typeUrl: string, request: SotwRequest): Verdict {
    return (this.#ensure(typeUrl) as SotwSubscription).onRequest(request);
  }

  onDelta(typeUrl: string, request: DeltaRequest): Verdict {
    const subscription = this.#ensure(typeUrl) as DeltaSubscription;
    const verdict = subscription.onRequest(request);
    if (typeUrl === typeUrls.EDS && this.#unwarmed) {
      subscription.refresh(this.#unwarmed);
      this.#unwarmed = undefined;
    }
    return verdict;
  }

  #ensure(typeUrl: string): Subscription {
    let subscription = this.subscription(typeUrl);
    if (!subscription) {
      subscription =
        this.protocol === 'sotw'
          ? new SotwSubscription(typeUrl, this.#options)
          : new DeltaSubscription(typeUrl, this.#options);
      this.#subscriptions.push(subscription);
      this.#subscriptions.sort((a, b) => rank(a.typeUrl) - rank(b.typeUrl));
    }
    return subscription;
  }

  /** The next answer to send, or undefined when there is nothing to send now. Call again while the wire takes more. */
  next(node: StreamNode, now: number): Outgoing | undefined {
    this.#openedAt ??= now;
    this.#resume(node);
    const awaited = now < this.#openedAt + this.#options.patienceMs && this.#awaitsClusters(node);
    if (awaited) this.#rewarm();
    // Found out when it is asked for: mostly there is little to send, and thousands of streams are looked at.
    let clustersReady: boolean | undefined;
    for (const s of this.#subscriptions) {
      const goal = node.goal(s.typeUrl);
      if (!goal) continue;
      // Before what is new: it may come without end, and refreshes nothing but itself.
      const refresh = s.whole ? undefined : s.heartbeat(goal, now);
      if (refresh) return refresh;
      if (needsClusters(s.typeUrl))
        clustersReady ??= !awaited && this.#ready(typeUrls.CDS, node, now) && this.#ready(typeUrls.EDS, node, now);
      const waits = needsClusters(s.typeUrl) && !clustersReady;
      const answer = waits ? undefined : this.#advance(s, goal, node, now, awaited);
      if (answer) return answer;
      // Also of what has to wait: what the client has of it would run out.
      const whole = s.whole ? s.heartbeat(goal, now) : undefined;
      if (whole) return whole;
    }
    return undefined;
  }

  /** The next answer towards the goal; where there is none and it is reached, that is noted. `awaited`: {@link #awaitsClusters}. */
  #advance(s: Subscription, goal: Goal, node: StreamNode, now: number, awaited: boolean): Outgoing | undefined {
    if (!s.has(goal.set) && s.maySend(now)) {
      const options = this.#planOptions(s, node, now, awaited);
      const plan = s.plan(goal, options);
      if (plan) {
        if (s.typeUrl === typeUrls.CDS) {
          this.#warm(s, plan.resources, node);
          node.clusters.remember(plan.version, { set: goal.set, kept: plan.kept, warmedBy: warmedBy(node) });
        }
        return s.commit(goal, plan, options, now);
      }
    }
    if (s.idle && !s.plan(goal, keepNone)) {
      s.syncedRevision = goal.revision;
      // Nothing asked for is nothing accepted.
      if (s.synced !== goal.set && !s.interest.empty) node.onSynced(s.typeUrl, goal.set, s.namesOfWhole, s.keptBodies);
      s.synced = goal.set;
    }
    return undefined;
  }

  /** How much of its goal a subscription may be sent now. `awaited`: {@link #awaitsClusters}. */
  #planOptions(s: Subscription, node: StreamNode, now: number, awaited: boolean): PlanOptions {
    const { typeUrl } = s;
    if (needsListeners(typeUrl)) return this.#ready(typeUrls.LDS, node, now) ? keepNone : onlyFresh;
    if (typeUrl === typeUrls.CDS) return this.#mayBeReferredTo(node, now) ? keepAll : keepNone;
    // A filter whose configuration is taken away answers with an error: first the listener lets go of it.
    if (typeUrl === typeUrls.ECDS) return this.#listenersDone(node) ? keepNone : keepAll;
    if (!warmingTypes.includes(typeUrl)) return keepNone;
    const clustersMove = awaited || this.#isBehind(typeUrls.CDS, node);
    return {
      holdRemovals: removedLast(typeUrl) && (clustersMove || this.#mayBeReferredTo(node, now)),
      freshOnly: false,
      owed: clustersMove ? node.clusters : undefined,
    };
  }

  /**
   * Whether the client may still use what is to go: not all that names clusters is as it should be. What went back to the last good
   * state names what that needs, not what was asked for.
   */
  #mayBeReferredTo(node: StreamNode, now: number): boolean {
    for (const s of this.#subscriptions) if (needsClusters(s.typeUrl) && !this.#isDone(s, node)) return true;
    return now < this.#openedAt! + GRACE_MS && this.#hasYetToAsk(node);
  }

  /**
   * A client that comes back: delta tells what it has, state of the world the version of the clusters it has, by which they are
   * known.
   */
  #resume(node: StreamNode): void {
    for (const s of this.#subscriptions) {
      const goal = s instanceof DeltaSubscription && s.resumed ? node.goal(s.typeUrl) : undefined;
      if (goal) (s as DeltaSubscription).relateTo(goal.set);
    }
    const clusters = this.subscription(typeUrls.CDS);
    if (!(clusters instanceof SotwSubscription) || clusters.sentAt !== undefined) return;
    const sent = node.clusters.recall(clusters.brought ?? '');
    if (sent) clusters.resume(sent, node.clusters.after(clusters.brought ?? ''));
  }

  /**
   * On a new stream Envoy asks for clusters first, except when the last stream was lost while some were warming: then when
   * they are warm. What it asks for until then it may use with clusters it does not have. It is known by what it brings, or
   * by asking for endpoints of clusters that it was not sent.
   */
  #awaitsClusters(node: StreamNode): boolean {
    return (
      this.#options.aggregated &&
      !this.subscription(typeUrls.CDS) &&
      this.#subscriptions.some((s) => s.resumed || (s.typeUrl === typeUrls.EDS && s.interest.names.size > 0)) &&
      // Where nothing more is sent, because it was refused, there are some as well.
      (node.goal(typeUrls.CDS)?.set.resources.size ?? Number(node.troubled(typeUrls.CDS))) > 0
    );
  }

  /** Clusters that are warming as a stream begins wait for endpoints, whichever their client says that it has. */
  #rewarm(): void {
    const endpoints = this.subscription(typeUrls.EDS);
    if (!endpoints || this.#rewarmed) return;
    this.#rewarmed = true;
    endpoints.refresh('all');
  }

  /** Whether there are listeners or routes that the client has not asked for. */
  #hasYetToAsk(node: StreamNode): boolean {
    return [typeUrls.LDS, typeUrls.RDS].some(
      (typeUrl) => !this.subscription(typeUrl) && (node.goal(typeUrl)?.set.resources.size ?? 0) > 0,
    );
  }

  /** When, after `now`, {@link next} may have something to say without anything else happening. */
  wakeAt(node: StreamNode, now = Number.NEGATIVE_INFINITY): number | undefined {
    let at = Number.POSITIVE_INFINITY;
    const behind = this.#subscriptions.some((s) => !inStep(s, node.goal(s.typeUrl), keepNone));
    if (behind && this.#openedAt !== undefined) {
      const graceEndsAt = this.#openedAt + GRACE_MS;
      const patienceEndsAt = this.#openedAt + this.#options.patienceMs;
      if (now < graceEndsAt && this.#hasYetToAsk(node)) at = graceEndsAt;
      if (now < patienceEndsAt && patienceEndsAt < at && this.#awaitsClusters(node)) at = patienceEndsAt;
    }
    for (const s of this.#subscriptions) {
      for (const due of [s.heartbeatAt, behind ? s.patienceEndsAt : undefined])
        if (due !== undefined && now < due && due < at) at = due;
    }
    return at === Number.POSITIVE_INFINITY ? undefined : at;
  }

  /** Whether the client has of a type what was asked for, in full. */
  #isDone(s: Subscription, node: StreamNode): boolean {
    return !node.troubled(s.typeUrl) && inStep(s, node.goal(s.typeUrl), keepNone);
  }

  #listenersDone(node: StreamNode): boolean {
    const listeners = this.subscription(typeUrls.LDS);
    return !listeners || this.#isDone(listeners, node);
  }

  /** Whether the client asks for a type and does not have all it should, in full. */
  #isBehind(typeUrl: string, node: StreamNode): boolean {
    const s = this.subscription(typeUrl);
    return s !== undefined && (!s.idle || !inStep(s, node.goal(typeUrl), keepNone));
  }

  /** Acknowledged in full, or given up waiting for. */
  #ready(typeUrl: string, node: StreamNode, now: number): boolean {
    const s = this.subscription(typeUrl);
    if (!s) return true;
    if (!s.idle && now < s.patienceEndsAt!) return false;
    const goal = node.goal(typeUrl);
    return !goal || !s.plan(goal, keepAll) || !s.maySend(now);
  }

  /**
   * A cluster that changes goes through warming and waits for endpoints the client already has, so they are sent again
   * though unchanged. Which endpoints a cluster uses is its own secret unless they are called like it: then all are.
   */
  #warm(clusters: Subscription, sent: readonly { name: string; version: string }[], node: StreamNode) {
    const eds = this.subscription(typeUrls.EDS);
    if (!eds && (this.protocol === 'sotw' || this.#unwarmed === 'all')) return;
    const endpoints = node.goal(typeUrls.EDS)?.set;
    if (!endpoints) return;
    const held = (name: string) => clusters.holdings.version(name);
    const changed = sent.filter((r) => held(r.name) !== r.version && (eds || held(r.name) !== null)).map((r) => r.name);
    if (changed.length === 0) return;
    const gone = (name: string) => node.clusters.warmedBy(typeUrls.EDS, name) !== undefined;
    const names = changed.every((name) => endpoints.get(name) || gone(name)) ? changed : 'all';
    if (eds) eds.refresh(names, gone);
    else this.#unwarmed = this.#unwarmed ? 'all' : names;
  }
}

/** What there is now of what clusters warm by. */
function warmedBy(node: StreamNode): ReadonlyMap<string, TypeSet> {
  let sets: Map<string, TypeSet> | undefined;
  for (const typeUrl of warmingTypes) {
    const set = node.goal(typeUrl)?.set;
    if (set && set.resources.size > 0) {
      sets ??= new Map();
      sets.set(typeUrl, set);
    }
  }
  return sets ?? nothing;
}

const nothing: ReadonlyMap<string, TypeSet> = new Map();
const onlyFresh: PlanOptions = { holdRemovals: false, freshOnly: true };

function inStep(s: Subscription, goal: Goal | undefined, options: PlanOptions): boolean {
  return !goal || (s.idle && !s.plan(goal, options));
}
