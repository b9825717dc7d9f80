import { createHash } from 'node:crypto';
import { remember } from './remember.ts';

/**
 * A configuration resource as the management server knows it: named bytes with a scope label. What the bytes mean is
 * the business of whoever made them.
 */
export interface Resource {
  /** `type.googleapis.com/envoy.config.cluster.v3.Cluster` and the like. */
  readonly typeUrl: string;
  /** Unique within its type for one node. For ECDS it is the filter's name. */
  readonly name: string;
  /** Content hash: equal versions mean equal bodies. Never empty. */
  readonly version: string;
  /** The encoded inner message, what goes into `Any.value`. Must not be changed afterwards: it is shared between streams. */
  readonly body: Uint8Array;
  /** `shadow` resources (chaos, fault runtime keys) are served on shadow listeners only. */
  readonly scope: 'any' | 'shadow';
  /** Lets a proxy that understands it drop the resource this many milliseconds after the last refresh. */
  readonly ttlMs?: number;
}

/** The version of a body: a hash of its content. */
export function contentVersion(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 16);
}

/** Which wall a listener stands behind. A stream has the scope of the listener it came by, whatever its node says. */
export type ListenerScope = 'production' | 'shadow';

/** Whether a resource may be served to a stream of this scope. */
export function fits(resource: Resource, scope: ListenerScope): boolean {
  return scope === 'shadow' || resource.scope === 'any';
}

/** Shortest time to live among them, ms. */
export function shortestTtlMs(resources: Iterable<Resource>): number | undefined {
  let shortest: number | undefined;
  for (const { ttlMs } of resources)
    if (ttlMs !== undefined && (shortest === undefined || ttlMs < shortest)) shortest = ttlMs;
  return shortest;
}

const timed = new WeakMap<Resource, Resource>();

/**
 * The resource with a version that tells its time to live as well: a client has to learn of another one, or of none, though
 * the body is the same, or it drops the resource when the old one ends.
 */
export function withTimedVersion(resource: Resource): Resource {
  if (resource.ttlMs === undefined) return resource;
  return remember(timed, resource, () => {
    const made = { ...resource, version: `${resource.version}~${resource.ttlMs}` };
    timed.set(made, made);
    return made;
  });
}

/** Why a resource cannot be served at all, or undefined. */
export function invalidity(resource: Resource): string | undefined {
  if (!resource.typeUrl.includes('/')) return 'its type URL has no "/"';
  if (resource.name === '') return 'it has no name';
  if (resource.name === '*') return '"*" is the wildcard and cannot name a resource';
  if (resource.version === '') return 'it has no version';
  if (resource.ttlMs !== undefined && !(resource.ttlMs >= 1 && Number.isSafeInteger(resource.ttlMs)))
    return 'its time to live is not a whole number of milliseconds above 0';
  return undefined;
}
