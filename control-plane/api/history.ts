import { describeFault } from '../mesh/fault.ts';
import type { Lease } from '../mesh/lease.ts';
import { describeMitigation } from '../mesh/mitigation.ts';
import type { Snapshot } from '../mesh/snapshot.ts';
import type { EdgeId } from '../mesh/topology.ts';

/** One window, as small as the charts need it. */
export interface HistoryPoint {
  readonly at: number;
  readonly offered: number;
  readonly good: number;
  /** Per edge: offered/s, good/s, p99 in ms. */
  readonly edges: Readonly<Record<EdgeId, readonly [rate: number, good: number, p99: number]>>;
}

/** A time something was in force; `to` is absent while it still is. What was removed and put back has one for each time. */
export interface Span {
  readonly id: string;
  readonly type: Lease['type'];
  readonly owner: Lease['owner'];
  readonly label: string;
  readonly from: number;
  readonly to?: number;
}

/** Oldest first. */
export interface History {
  readonly points: readonly HistoryPoint[];
  readonly spans: readonly Span[];
}

/** What a lease is called in lists and on charts. */
export function describeLease(lease: Lease): string {
  return lease.type === 'fault' ? describeFault(lease.fault) : describeMitigation(lease.mitigation);
}

export function historyPoint(s: Snapshot): HistoryPoint {
  const edges: Record<EdgeId, [number, number, number]> = {};
  for (const [id, e] of Object.entries(s.edges)) {
    edges[id as EdgeId] = [round(e.rate), round(e.good), Math.round(e.latency.p99)];
  }
  return { at: s.at, offered: round(s.entry.offered), good: round(s.entry.good), edges };
}

const round = (x: number) => Math.round(x * 10) / 10;

/**
 * Spans carried on by what is in force at `at`: a new lease opens one, a lease that is gone closes its own, and what ended before
 * `since` is forgotten.
 */
export function carrySpans(spans: readonly Span[], leases: readonly Lease[], at: number, since: number): Span[] {
  // Put back, a lease has its id of before (guardian/trials.ts).
  const key = (id: string, from: number) => `${id} ${from}`;
  const inForce = new Map(leases.map((l) => [key(l.id, l.createdAt), l]));
  const next: Span[] = [];
  for (const span of spans) {
    const { to, ...open } = span;
    if (inForce.delete(key(span.id, span.from))) next.push(open);
    else if (to === undefined) next.push({ ...open, to: at });
    else if (to >= since) next.push(span);
  }
  for (const lease of inForce.values()) {
    const { id, type, owner, createdAt } = lease;
    next.push({ id, type, owner, label: describeLease(lease), from: createdAt });
  }
  return next;
}

/**
 * A ring of one world's last `seconds` windows and of what was in force in them. `record` is called once a window;
 * a lease that is no longer listed ended at that window's end.
 */
export function createHistory({ seconds = 900 }: { seconds?: number } = {}): {
  record(snapshot: Snapshot, leases: readonly Lease[]): void;
  read(): History;
} {
  const points: HistoryPoint[] = [];
  let spans: readonly Span[] = [];
  return {
    record(snapshot, leases) {
      points.push(historyPoint(snapshot));
      if (points.length > seconds) points.splice(0, points.length - seconds);
      spans = carrySpans(spans, leases, snapshot.at, points[0]!.at);
    },
    read: () => ({ points: [...points], spans }),
  };
}
