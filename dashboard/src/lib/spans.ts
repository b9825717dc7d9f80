import { carrySpans, type HistoryPoint, type Span } from '../../../control-plane/api/history.ts';
import type { Lease } from '../../../control-plane/mesh/lease.ts';

/** How far back the page remembers, as the server does. */
export const WINDOW_MS = 900_000;

/** Spans carried on as the server does, within the window. */
export function followSpans(spans: readonly Span[], leases: readonly Lease[], at: number): Span[] {
  return carrySpans(spans, leases, at, at - WINDOW_MS);
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
