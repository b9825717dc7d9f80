import type { RouteSpec } from './mirror.ts';

/** A route that no request is ever of, since an earlier one takes them all. Both count from 0. */
export interface Unreachable {
  readonly route: number;
  readonly by: number;
}

/** Routes in the wrong order: a request is of the first that fits, so one after a wider one says nothing, `percent: 0` neither. */
export function unreachableRoutes(routes: readonly RouteSpec[]): Unreachable[] {
  return routes.flatMap((narrow, route) => {
    const by = routes.slice(0, route).findIndex((wide) => takesAllOf(wide, narrow));
    return by < 0 ? [] : [{ route, by }];
  });
}

/** Whether whatever fits `narrow` fits `wide`. */
function takesAllOf(wide: RouteSpec, narrow: RouteSpec): boolean {
  return (
    (wide.pathPrefix === undefined || narrow.pathPrefix?.startsWith(wide.pathPrefix) === true) &&
    (wide.methods === undefined || narrow.methods?.every((method) => wide.methods!.includes(method)) === true) &&
    (wide.header === undefined || isOfHeader(wide.header, narrow.header))
  );
}

function isOfHeader(wide: NonNullable<RouteSpec['header']>, narrow: RouteSpec['header']): boolean {
  if (narrow?.name.toLowerCase() !== wide.name.toLowerCase()) return false;
  return wide.value === undefined || wide.value === narrow.value;
}
