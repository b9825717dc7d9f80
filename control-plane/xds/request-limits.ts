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
  if (initialVersions.values().some(tooLong)) return 'version too long';
  if (names.length === 0 && initialVersions.size === 0) return undefined;
  let count = 0;
  let length = 0;
  // State of the world replaces the list, delta adds to it.
  const kept = state.protocol === 'delta' ? own?.interest.names : undefined;
  for (const { interest, told, letGo } of state.subscriptions) {
    if (interest === own?.interest && !kept) continue;
    // Mostly what is asked for is what was brought.
    count += Math.max(interest.names.size, told.names, letGo.names);
    length += Math.max(interest.namesLength, told.length, letGo.length);
  }
  let asked = 0;
  let askedLength = 0;
  for (const name of names)
    if (!kept?.has(name)) {
      asked++;
      askedLength += name.length;
    }
  // Only a type's first request is read for what the client has.
  const brings = own ? undefined : initialVersions;
  count += Math.max(asked, brings?.size ?? 0);
  length += Math.max(askedLength, brings ? lengthOf(brings) : 0);
  if (count > limits.names) return `more than ${limits.names} names on one stream`;
  if (length > limits.namesLength) return `more than ${limits.namesLength} characters of names on one stream`;
  return undefined;
}

/** Characters of names and versions. */
export function lengthOf(versions: ReadonlyMap<string, string>): number {
  let length = 0;
  for (const [name, version] of versions) length += name.length + version.length;
  return length;
}
