import { INGRESS, type Topology } from '../../../control-plane/mesh/topology.ts';

export interface Placed {
  readonly id: string;
  /** 0..1 from left to right, from top to bottom. */
  readonly x: number;
  readonly y: number;
}

/**
 * Services in columns by their longest way from the users' entry, so that every call points to the right. Within a column they
 * are ordered by the mean place of their callers (one pass of the barycentre heuristic, repeated), which keeps most calls from
 * crossing. A redundant service that nobody calls by itself stands in its primary's column, next to it.
 */
export function placeServices(topology: Topology): Placed[] {
  const edges = Object.values(topology.edges);
  const ids = [INGRESS, ...Object.keys(topology.services)];
  const depth = new Map<string, number>([[INGRESS, 0]]);
  // Longest path by relaxation; bounded by the number of services, so that a cycle ends.
  for (let round = 0; round < ids.length; round++) {
    let moved = false;
    for (const { caller, callee } of edges) {
      const from = depth.get(caller);
      if (from === undefined || from + 1 >= ids.length) continue;
      if ((depth.get(callee) ?? -1) < from + 1 && callee !== INGRESS) {
        depth.set(callee, from + 1);
        moved = true;
      }
    }
    if (!moved) break;
  }
  const primaryOf = new Map<string, string>();
  for (const s of Object.values(topology.services)) {
    if (s.failover !== undefined && !edges.some((e) => e.callee === s.failover)) primaryOf.set(s.failover, s.id);
  }
  for (const id of ids) {
    const primary = primaryOf.get(id);
    if (primary !== undefined) depth.set(id, depth.get(primary) ?? 1);
    else if (!depth.has(id)) depth.set(id, 1);
  }
  const columns: string[][] = [];
  for (const id of ids) {
    const column = columns[depth.get(id)!];
    if (column) column.push(id);
    else columns[depth.get(id)!] = [id];
  }
  const used = columns.filter((c) => c !== undefined);
  const place = new Map<string, number>();
  const number = () => {
    for (const column of used) {
      for (const [i, id] of column.entries()) place.set(id, (i + 1) / (column.length + 1));
    }
  };
  const meanPlace = (of: string): number => {
    const places = edges
      .filter((e) => e.callee === of || e.caller === of)
      .map((e) => place.get(e.callee === of ? e.caller : e.callee))
      .filter((p) => p !== undefined);
    return places.length > 0 ? places.reduce((a, b) => a + b, 0) / places.length : place.get(of)!;
  };
  number();
  for (let round = 0; round < 4; round++) {
    for (const column of used) {
      const wanted = new Map(column.map((id) => [id, meanPlace(primaryOf.get(id) ?? id)]));
      // A spare has its primary's mean and follows it.
      const follows = (id: string) => Number(primaryOf.has(id));
      const group = (id: string) => primaryOf.get(id) ?? id;
      column.sort(
        (a, b) => wanted.get(a)! - wanted.get(b)! || group(a).localeCompare(group(b)) || follows(a) - follows(b),
      );
    }
    number();
  }
  return used.flatMap((column, c) =>
    column.map((id, i) => ({
      id,
      x: used.length > 1 ? c / (used.length - 1) : 0.5,
      y: column.length > 1 ? i / (column.length - 1) : 0.5,
    })),
  );
}
