import type { Limits } from './limits.ts';
import type { StreamState } from './stream-state.ts';
import type { Subscription } from './subscription.ts';
import type { WireRequest } from './wire-request.ts';

/**
 * Which limit a stream would exceed by this request, in words; undefined = none. Linear in the request alone. For names that a delta
 * request asks for there is room already ({@link admit}).
 */
export function beyondLimits(
  request: WireRequest,
  typeUrl: string,
  state: Pick<StreamState, 'protocol' | 'subscription' | 'subscriptions'>,
  limits: Limits,
): string | undefined {
  const { names, unsubscribe, initialVersions } = request;
  const own = state.subscription(typeUrl);
  const isDelta = state.protocol === 'delta';
  if (own && names.length === 0 && unsubscribe.length === 0 && initialVersions.size === 0) return undefined;
  if (typeUrl.length > limits.nameLength) return 'type URL too long';
  if (!own && state.subscriptions.length >= limits.types) return `more than ${limits.types} types on one stream`;
  if (Math.max(isDelta ? 0 : names.length, initialVersions.size) > limits.names)
    return `more than ${limits.names} names on one stream`;
  const tooLong = (name: string) => name.length > limits.nameLength;
  if ((!isDelta && names.some(tooLong)) || initialVersions.keys().some(tooLong)) return 'resource name too long';
  if (initialVersions.values().some(tooLong)) return 'version too long';
  const { subscriptions } = state;
  const count = isDelta ? countTold(subscriptions) : countNames(subscriptions.filter((s) => s !== own));
  if (!isDelta) {
    count.names += names.length;
    count.length += names.reduce((length, name) => length + name.length, 0);
  } else if (!own) {
    // Only a type's first request is read for what the client has.
    count.names += initialVersions.size;
    count.length += lengthOf(initialVersions);
  }
  if (count.names > limits.names) return `more than ${limits.names} names on one stream`;
  if (count.length > limits.namesLength) return `more than ${limits.namesLength} characters of names on one stream`;
  return undefined;
}

interface Count {
  names: number;
  length: number;
}

/** Names that are remembered because a client said them. */
export function countNames(subscriptions: readonly Subscription[]): Count {
  const count: Count = { names: 0, length: 0 };
  for (const { interest, told, letGo } of subscriptions) {
    // Mostly what is asked for is what was brought.
    count.names += Math.max(interest.names.size, told.names, letGo.names);
    count.length += Math.max(interest.namesLength, told.length, letGo.length);
  }
  return count;
}

/** Those of them that it does not ask for. */
function countTold(subscriptions: readonly Subscription[]): Count {
  const count: Count = { names: 0, length: 0 };
  for (const { told, letGo } of subscriptions) {
    count.names += Math.max(told.names, letGo.names);
    count.length += Math.max(told.length, letGo.length);
  }
  return count;
}

/** Characters of names and versions. */
export function lengthOf(versions: ReadonlyMap<string, string>): number {
  let length = 0;
  for (const [name, version] of versions) length += name.length + version.length;
  return length;
}
