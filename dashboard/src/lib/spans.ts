import { describeLease, type HistoryPoint, type Span } from '../../../control-plane/api/history.ts';
import type { Lease } from '../../../control-plane/mesh/lease.ts';

/** How far back the page remembers, as the server does. */
export const WINDOW_MS = 900_000;

/** Spans carried on by what is in force at `at`: new leases open one, leases that are gone close theirs. */
export function followSpans(spans: readonly Span[], leases: readonly Lease[], at: number): Span[] {
  const inForce = new Map(leases.map((l) => [l.id, l]));
  const next: Span[] = [];
  for (const span of spans) {
    if (span.to !== undefined && span.to < at - WINDOW_MS) continue;
    next.push(span.to === undefined && !inForce.has(span.id) ? { ...span, to: at } : span);
    inForce.delete(span.id);
  }
  for (const lease of inForce.values()) {
    const { id, type, owner, createdAt } = lease;
    next.push({ id, type, owner, label: describeLease(lease), from: createdAt });
  }
  return next;
}

/** Points with one more, within the window. One that is no newer than the last replaces nothing and is left out. */
export function followPoints(
  points: readonly HistoryPoint[],
  point: HistoryPoint | undefined,
): readonly HistoryPoint[] {
  if (!point || (points.at(-1)?.at ?? 0) >= point.at) return points;
  const from = points.findIndex((p) => p.at >= point.at - WINDOW_MS);
  return [...(from < 0 ? [] : points.slice(from)), point];
}
