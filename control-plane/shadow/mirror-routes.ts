import type { MirrorRoute } from '../../filters/config.ts';
import type { RouteSpec } from '../api/kinds/mirror.ts';
import type { Documents } from '../api/kinds/parse.ts';

/** A route of which fidelity is a number. */
export interface ComparedRoute {
  readonly name: string;
  /** Whether some of its requests are sent to the shadow twice, so that its noise floor is measured. */
  readonly twice: boolean;
}

/** What RFC 9110, 9.2.1 calls safe, without TRACE: the methods of which the filter may send a copy twice. */
const SAFE = ['GET', 'HEAD', 'OPTIONS'];
const isSafe = (method: string): boolean => SAFE.includes(method);
/** Default of `mirror.twicePercent`: what it adds to the shadow's load stays within the noise of its rate. */
export const TWICE_PERCENT = 5;
/** Name of what is of no declared route, or of one without a name. */
const REST = 'other';
const MOST_NAME = 40;

/**
 * The mirror filter's routes, in the order in which it looks for a request's: those of the Shadow document, else the entry's
 * protected prefixes, and at last one for everything else. A route that has reads and writes is two, NAME and NAME-writes: only a
 * read is ever sent twice, and its noise says nothing of the writes. One that is never copied is left nameless.
 */
export function mirrorRoutes({ application, shadow }: Documents): MirrorRoute[] {
  const declared: readonly RouteSpec[] =
    shadow?.spec.mirror?.routes ??
    (application.spec.entry.protected ?? []).map(({ pathPrefix }) => ({ name: nameOf(pathPrefix), pathPrefix }));
  return [...declared, {}].flatMap((route) => (route.percent === 0 ? [filterRoute(route)] : readsAndWrites(route)));
}

/** All but the name, in the filter's words. */
function filterRoute({ name: _, header, opaque, ...same }: RouteSpec): MirrorRoute {
  return {
    ...same,
    ...(header ? { header: { ...header, name: header.name.toLowerCase() } } : {}),
    ...(opaque === 'copy' ? { opaque: true } : {}),
  };
}

function readsAndWrites(route: RouteSpec): MirrorRoute[] {
  const { name = REST } = route;
  const { methods, ...rest } = filterRoute(route);
  const reads = methods?.filter(isSafe) ?? SAFE;
  // Undefined: whatever the reads leave.
  const writes = methods?.filter((method) => !isSafe(method));
  // What has no name shares that of everything else, which has both.
  const both = route.name === undefined || (reads.length > 0 && writes?.length !== 0);
  return [
    ...(reads.length > 0 ? [{ name, methods: reads, ...rest }] : []),
    ...(writes?.length === 0
      ? []
      : [{ name: both ? `${name}-writes` : name, ...(writes ? { methods: writes } : {}), ...rest }]),
  ];
}

/** `/api/v1/Orders/` → `api-v1-orders`, in what a route's name may have. */
function nameOf(pathPrefix: string): string {
  const words = pathPrefix.toLowerCase().match(/[a-z0-9]+/g) ?? ['protected'];
  return words.join('-').slice(0, MOST_NAME);
}

/** The routes by name, and whether their noise floor is measured. One name may stand for several routes. */
export function comparedRoutes(documents: Documents): ComparedRoute[] {
  const percent = documents.shadow?.spec.mirror?.twicePercent ?? TWICE_PERCENT;
  const byName = new Map<string, boolean>();
  for (const { name, methods, twice } of mirrorRoutes(documents)) {
    if (name === undefined) continue;
    const safe = methods?.every(isSafe) ?? false;
    byName.set(name, (byName.get(name) ?? true) && safe && twice !== false && percent > 0);
  }
  return [...byName].map(([name, twice]) => ({ name, twice }));
}
