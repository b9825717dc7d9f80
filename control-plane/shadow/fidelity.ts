import { goodRatio, type Snapshot } from '../mesh/snapshot.ts';
import type { EdgeId } from '../mesh/topology.ts';
import type { ComparedRoute } from './mirror-routes.ts';
import {
  type Comparisons,
  ENOUGH,
  noComparisons,
  overall,
  type RouteFidelity,
  routeFidelity,
  worstFirst,
} from './route-fidelity.ts';

export interface Fidelity {
  /** The routes' scores, weighted by what was compared, over unfaulted windows; undefined before {@link ENOUGH} answers. */
  readonly score?: number;
  /** 95% of the score. */
  readonly interval?: readonly [number, number];
  /** Answers compared in unfaulted windows. */
  readonly compared: number;
  /** Of every route of which an answer was compared, the worst first. */
  readonly routes: readonly RouteFidelity[];
  /** Unfaulted windows counted, and the share of all windows they are. */
  readonly windows: number;
  readonly unfaultedShare: number;
  /** 1 − mean difference of the edge's good ratio in the two worlds, over unfaulted windows. */
  readonly byEdge: Readonly<Record<EdgeId, number>>;
  readonly note?: string;
}

/** An answer to a request sent in a faulted second may come this many windows later. */
const SETTLE_WINDOWS = 3;

/**
 * How far the shadow, in its unfaulted windows, answers as production does (design, Words). Feed it one pair a window, with the
 * comparisons by route as counted since the start. `routes` are those that there are just now: changed documents may name others.
 */
export function createFidelity(routes: () => readonly ComparedRoute[]): {
  record(
    production: Snapshot,
    shadow: Snapshot | undefined,
    faulted: boolean,
    counts: Readonly<Record<string, Comparisons>>,
  ): void;
  read(): Fidelity;
} {
  let [all, unfaulted, sinceFault] = [0, 0, SETTLE_WINDOWS];
  /** The counters as last read, undefined before; and what of them counts, by route. */
  let last: Readonly<Record<string, Comparisons>> | undefined;
  const sums = new Map<string, Comparisons>();
  const sumOf = (route: string) => sums.get(route) ?? noComparisons;
  const edges = new Map<EdgeId, { sum: number; n: number }>();
  return {
    record(production, shadow, faulted, counts) {
      if (!shadow) return;
      all++;
      sinceFault = faulted ? 0 : sinceFault + 1;
      if (!faulted) unfaulted++;
      // Production in trouble answers otherwise than a sound shadow should.
      const counted = sinceFault >= SETTLE_WINDOWS && goodRatio(production) >= 0.95;
      const before = last;
      last = counts;
      if (!counted) return;
      if (before) {
        for (const { name } of routes())
          sums.set(name, plus(sumOf(name), counts[name] ?? noComparisons, before[name] ?? noComparisons));
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
      const now = routes();
      const total = now.reduce((sum, { name }) => sum + sumOf(name).compared, 0);
      const base = {
        compared: total,
        routes: now
          .map((route) => routeFidelity(route, sumOf(route.name)))
          .filter((r) => r !== undefined)
          .sort(worstFirst),
        windows: unfaulted,
        unfaultedShare: all === 0 ? 1 : unfaulted / all,
        byEdge,
      };
      const whole = overall(now.map(({ name }) => sumOf(name)));
      return whole
        ? { ...base, score: whole.value, interval: [whole.low, whole.high] as const }
        : { ...base, note: `too few: ${total} answers compared of ${ENOUGH}, in unfaulted windows` };
    },
  };
}

/** `sum` and what came between two readings of the counters. */
function plus(sum: Comparisons, now: Comparisons, last: Comparisons): Comparisons {
  const grown = (what: keyof Comparisons) => sum[what] + Math.max(0, now[what] - last[what]);
  return {
    compared: grown('compared'),
    statusMismatch: grown('statusMismatch'),
    digestMismatch: grown('digestMismatch'),
    noiseCompared: grown('noiseCompared'),
    noiseMismatch: grown('noiseMismatch'),
  };
}
