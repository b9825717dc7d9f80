import { goodRatio, type Snapshot } from '../mesh/snapshot.ts';
import type { EdgeId } from '../mesh/topology.ts';

/** Cumulative counts of the mirror filter's comparisons: answers of the shadow held against production's, per request. */
export interface Comparisons {
  readonly compared: number;
  readonly statusMismatch: number;
  readonly digestMismatch: number;
}

export interface Fidelity {
  /** Share of compared answers that agree in status and structure, over unfaulted windows; undefined before {@link ENOUGH}. */
  readonly score?: number;
  /** Answers compared in unfaulted windows. */
  readonly compared: number;
  /** Unfaulted windows counted, and the share of all windows they are. */
  readonly windows: number;
  readonly unfaultedShare: number;
  /** 1 − mean difference of the edge's good ratio in the two worlds, over unfaulted windows. */
  readonly byEdge: Readonly<Record<EdgeId, number>>;
  readonly note?: string;
}

/** Comparisons below which a score says nothing. */
export const ENOUGH = 50;
/** An answer to a request sent in a faulted second may come this many windows later. */
const SETTLE_WINDOWS = 3;

/** How far the shadow, in its unfaulted windows, answers as production does (design, Words). Feed it one pair a window. */
export function createFidelity(): {
  record(production: Snapshot, shadow: Snapshot | undefined, faulted: boolean, counts: Comparisons): void;
  read(): Fidelity;
} {
  let [all, unfaulted, sinceFault] = [0, 0, SETTLE_WINDOWS];
  let [compared, mismatched] = [0, 0];
  let last: Comparisons | undefined;
  const edges = new Map<EdgeId, { sum: number; n: number }>();
  return {
    record(production, shadow, faulted, counts) {
      if (!shadow) return;
      all++;
      sinceFault = faulted ? 0 : sinceFault + 1;
      if (!faulted) unfaulted++;
      const before = last;
      last = counts;
      // Production in trouble answers otherwise than a sound shadow should.
      if (sinceFault < SETTLE_WINDOWS || goodRatio(production) < 0.95) return;
      if (before && counts.compared > before.compared) {
        compared += counts.compared - before.compared;
        mismatched += counts.statusMismatch - before.statusMismatch + (counts.digestMismatch - before.digestMismatch);
      }
      for (const [id, p] of Object.entries(production.edges) as [EdgeId, Snapshot['edges'][EdgeId]][]) {
        const s = shadow.edges[id];
        if (!s || p.rate <= 0 || s.rate <= 0) continue;
        const entry = edges.get(id) ?? { sum: 0, n: 0 };
        entry.sum += Math.abs(Math.min(1, p.good / p.rate) - Math.min(1, s.good / s.rate));
        entry.n++;
        edges.set(id, entry);
      }
    },
    read() {
      const byEdge: Record<EdgeId, number> = {};
      for (const [id, { sum, n }] of edges) byEdge[id] = Math.max(0, 1 - sum / n);
      const share = all === 0 ? 1 : unfaulted / all;
      const base = { compared, windows: unfaulted, unfaultedShare: share, byEdge };
      return compared >= ENOUGH
        ? { ...base, score: Math.max(0, 1 - mismatched / compared) }
        : { ...base, note: `${compared} answers compared in unfaulted windows; a score needs ${ENOUGH}` };
    },
  };
}
