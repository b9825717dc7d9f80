import type { NodeRecord } from '../node.ts';
import type { Resource } from '../resource.ts';
import type { Subscription } from '../subscription.ts';
import { rank } from '../type-urls.ts';

/** One node as inspection looks at it: what it should have, and what its streams say it has. */
export interface Inspected {
  readonly record: NodeRecord;
  readonly streams: readonly { readonly subscriptions: readonly Subscription[] }[];
}

/** How far a resource, or a whole type, got: the words of CSDS. */
export type SyncState = 'synced' | 'not-sent' | 'stale' | 'error';

export interface ResourceState {
  readonly typeUrl: string;
  readonly name: string;
  /** What the node should have; undefined = its proxy asks for a name that does not exist. */
  readonly resource: Resource | undefined;
  readonly state: SyncState;
  /** Of the state `error`: the proxy's words, or why the resource is withheld. */
  readonly detail?: string;
  /** When the type was last sent, ms since the epoch. */
  readonly sentAt: number | undefined;
}

export interface TypeState {
  readonly typeUrl: string;
  readonly state: SyncState;
  readonly sentAt: number | undefined;
}

/** Every resource a node should have or asks for, in the order types are sent in. */
export function resourceStates(node: Inspected): ResourceState[] {
  return typesOf(node).flatMap((typeUrl) => [...statesOfType(node, typeUrl)]);
}

function* statesOfType({ record, streams }: Inspected, typeUrl: string): Iterable<ResourceState> {
  const subscriptions = subscriptionsTo(streams, typeUrl);
  const view = record.view(typeUrl);
  const problems = record.problems(typeUrl);
  const withheld = problems.get('*');
  const sentAt = lastSent(subscriptions);
  const asking = subscriptions.map((of) => ({ of, awaited: of.awaited }));
  for (const resource of view.resources.values()) {
    const { name } = resource;
    const detail = problems.get(name);
    const state = detail === undefined ? stateOf(resource, asking) : 'error';
    if (state !== 'synced' && (detail ?? withheld) !== undefined)
      yield { typeUrl, name, resource, state: 'error', detail: (detail ?? withheld)!, sentAt };
    else yield { typeUrl, name, resource, state, sentAt };
  }
  const asked = new Set(subscriptions.flatMap((s) => [...s.interest.names]));
  for (const name of asked)
    if (!view.get(name)) yield { typeUrl, name, resource: undefined, state: 'not-sent', sentAt: undefined };
}

interface Asking {
  readonly of: Subscription;
  readonly awaited: ReadonlySet<string>;
}

/** The worst of all streams that ask for it: a node may have one for each type, or be two proxies. */
function stateOf({ name, version }: Resource, subscriptions: readonly Asking[]): SyncState {
  const asking = subscriptions.filter((s) => s.of.interest.covers(name));
  if (asking.length === 0) return 'not-sent';
  let state: SyncState = 'synced';
  for (const { of, awaited } of asking) {
    const held = of.holdings.version(name);
    if (held === null) return 'not-sent';
    if (held !== version || awaited.has(name)) state = 'stale';
  }
  return state;
}

/** Types a node asks for, without a look at each resource: what an overview of thousands of nodes needs. */
export function typeStates({ record, streams }: Inspected): TypeState[] {
  const asked = new Set(streams.flatMap((s) => s.subscriptions.map((sub) => sub.typeUrl)));
  return inOrder(asked).map((typeUrl) => {
    const subscriptions = subscriptionsTo(streams, typeUrl);
    const goal = record.goal(typeUrl);
    let state: SyncState = 'synced';
    if (record.problems(typeUrl).size > 0) state = 'error';
    else if (!goal || subscriptions.some((s) => s.sentVersion === undefined && s.synced !== goal.set))
      state = 'not-sent';
    else if (subscriptions.some((s) => !s.idle || s.synced !== goal.set)) state = 'stale';
    return { typeUrl, state, sentAt: lastSent(subscriptions) };
  });
}

function typesOf({ record, streams }: Inspected): string[] {
  return inOrder(new Set([...record.types, ...streams.flatMap((s) => s.subscriptions.map((sub) => sub.typeUrl))]));
}

const inOrder = (types: Iterable<string>): string[] =>
  [...types].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0));

const subscriptionsTo = (streams: Inspected['streams'], typeUrl: string): Subscription[] =>
  streams.flatMap((s) => s.subscriptions.filter((sub) => sub.typeUrl === typeUrl));

function lastSent(subscriptions: readonly Subscription[]): number | undefined {
  let at: number | undefined;
  for (const s of subscriptions) if (s.sentAt !== undefined && (at === undefined || s.sentAt > at)) at = s.sentAt;
  return at;
}
