import { DeltaSubscription } from './delta.ts';
import { WILDCARD } from './interest.ts';
import type { Limits } from './limits.ts';
import { countNames } from './request-limits.ts';
import type { StreamNode, StreamState } from './stream-state.ts';
import type { WireRequest } from './wire-request.ts';

/** What is taken of a delta request. */
export interface Admitted {
  readonly request: WireRequest;
  /** Of the names in it: forgotten when they are answered, unless they exist. */
  readonly passing: readonly string[];
  /** The limit that was met, in words. */
  readonly limit?: string;
}

/**
 * Finds room for the names a delta request asks for. Those that exist always have it: there are only so many. Of those that do
 * not, the ones that are too long or too many are answered and not remembered, and what is too much even for that is not answered.
 * The stream goes on: a proxy that discovers on demand asks for whatever its users ask it for, keeps every such name and repeats
 * all of them on each new stream, which would end like the one before.
 */
export function admit(
  request: WireRequest,
  typeUrl: string,
  state: Pick<StreamState, 'subscription' | 'subscriptions'>,
  node: Pick<StreamNode, 'goal'>,
  limits: Limits,
): Admitted {
  const { names } = request;
  if (names.length === 0 || typeUrl.length > limits.nameLength) return { request, passing: none };
  const known = state.subscription(typeUrl)?.interest.names;
  const goal = node.goal(typeUrl);
  const isThere = (name: string) => name === WILDCARD || goal?.set.get(name) !== undefined || goal?.frozen.has(name);
  const [memory, waiting] = rooms(state, limits);
  const taken: string[] = [];
  const passing: string[] = [];
  const without = new Set<string>();
  let limit: string | undefined;
  for (const name of names) {
    const isLong = name.length > limits.nameLength;
    if (known?.has(name) || (!isLong && memory.take(name)) || isThere(name)) {
      taken.push(name);
      continue;
    }
    limit = isLong ? 'resource name too long to be remembered' : `more than ${limits.names} names to be remembered`;
    // Whatever the client had by it, it is answered anew.
    without.add(name);
    if (!waiting.take(name)) continue;
    taken.push(name);
    passing.push(name);
  }
  if (limit === undefined) return { request, passing: none };
  // An empty first list would ask for everything.
  const unsubscribe = known || taken.length > 0 ? request.unsubscribe : [...request.unsubscribe, WILDCARD];
  const initialVersions = new Map([...request.initialVersions].filter(([name]) => !without.has(name)));
  return { request: { ...request, names: taken, unsubscribe, initialVersions }, passing, limit };
}

const none: readonly string[] = [];

/** What is left for names that are remembered, and for those that wait for their answer and are not. */
function rooms(state: Pick<StreamState, 'subscriptions'>, limits: Limits): [Room, Room] {
  const all = countNames(state.subscriptions);
  let names = 0;
  let length = 0;
  for (const s of state.subscriptions)
    if (s instanceof DeltaSubscription) {
      names += s.passing.size;
      length += s.passingLength;
    }
  return [
    new Room(limits.names - all.names + names, limits.namesLength - all.length + length),
    new Room(limits.names - names, limits.namesLength - length),
  ];
}

class Room {
  #names: number;
  #length: number;

  constructor(names: number, length: number) {
    this.#names = names;
    this.#length = length;
  }

  /** Whether there is room for one more name, which has it now. */
  take(name: string): boolean {
    if (this.#names < 1 || this.#length < name.length) return false;
    this.#names--;
    this.#length -= name.length;
    return true;
  }
}
