import type { Limits } from './limits.ts';
import type { StreamState } from './stream-state.ts';
import type { WireRequest } from './wire-request.ts';

/** Which limit a stream would exceed by this request, in words; undefined = none. Linear in the request alone. */
export function beyondLimits(
  request: WireRequest,
  typeUrl: string,
  state: Pick<StreamState, 'protocol' | 'subscription' | 'subscriptions'>,
  limits: Limits,
): string | undefined {
  const { names, unsubscribe, initialVersions } = request;
  const own = state.subscription(typeUrl);
  if (own && names.length === 0 && unsubscribe.length === 0 && initialVersions.size === 0) return undefined;
  if (typeUrl.length > limits.nameLength) return 'type URL too long';
  if (!own && state.subscriptions.length >= limits.types) return `more than ${limits.types} types on one stream`;
  if (Math.max(names.length, unsubscribe.length, initialVersions.size) > limits.names)
    return `more than ${limits.names} names on one stream`;
  const tooLong = (name: string) => name.length > limits.nameLength;
  if (names.some(tooLong) || unsubscribe.some(tooLong) || initialVersions.keys().some(tooLong))
    return 'resource name too long';
  if (names.length === 0) return undefined;
  let count = 0;
  let length = 0;
  // State of the world replaces the list, delta adds to it.
  const kept = state.protocol === 'delta' ? own?.interest.names : undefined;
  for (const { interest } of state.subscriptions) {
    if (interest === own?.interest && !kept) continue;
    count += interest.names.size;
    length += interest.namesLength;
  }
  for (const name of names)
    if (!kept?.has(name)) {
      count++;
      length += name.length;
    }
  if (count > limits.names) return `more than ${limits.names} names on one stream`;
  if (length > limits.namesLength) return `more than ${limits.namesLength} characters of names on one stream`;
  return undefined;
}
