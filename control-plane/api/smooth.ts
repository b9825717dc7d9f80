import type { EdgeId } from '../mesh/topology.ts';
import type { HistoryPoint } from './history.ts';

/** Windows a figure is taken over: a second holds few requests, and some are answered in the next one. */
const SMOOTH_WINDOWS = 5;

export interface Smoothed {
  readonly offered: number;
  /** At most what was offered: an answer counts in its own second, which may be the one after its request's. */
  readonly good: number;
  /** good ÷ offered, at most 1; undefined where nothing was offered. */
  readonly ratio: number | undefined;
}
export interface SmoothedEdge extends Smoothed {
  /** Mean over the windows that had requests, weighted by them; ms. */
  readonly p99: number;
}

const ratioOf = (good: number, offered: number) => (offered > 0 ? Math.min(1, good / offered) : undefined);

/** The users' entry over the last windows. */
export function smoothEntry(points: readonly HistoryPoint[]): Smoothed | undefined {
  const last = points.slice(-SMOOTH_WINDOWS);
  if (last.length === 0) return undefined;
  const offered = last.reduce((sum, p) => sum + p.offered, 0) / last.length;
  const good = last.reduce((sum, p) => sum + p.good, 0) / last.length;
  return { offered, good: Math.min(good, offered), ratio: ratioOf(good, offered) };
}

/** Every edge over the last windows. */
export function smoothEdges(points: readonly HistoryPoint[]): Map<EdgeId, SmoothedEdge> {
  const last = points.slice(-SMOOTH_WINDOWS);
  const sums = new Map<EdgeId, { rate: number; good: number; slow: number }>();
  for (const point of last) {
    for (const [id, [rate, good, p99]] of Object.entries(point.edges) as [
      EdgeId,
      readonly [number, number, number],
    ][]) {
      const sum = sums.get(id) ?? { rate: 0, good: 0, slow: 0 };
      sums.set(id, { rate: sum.rate + rate, good: sum.good + good, slow: sum.slow + rate * p99 });
    }
  }
  return new Map(
    [...sums].map(([id, { rate, good, slow }]) => [
      id,
      {
        offered: rate / last.length,
        good: good / last.length,
        ratio: ratioOf(good, rate),
        p99: rate > 0 ? slow / rate : 0,
      },
    ]),
  );
}
