import type { Row } from '../lib/rows.ts';
import { median } from '../lib/stats.ts';
import type { Sample, Samples } from './side-by-side.ts';

export const BENCH = 'filters';
/** Names of contenders that rows treat specially. */
export const NONE = 'none';
export const AGAIN = 'none again';
export const OURS = 'ours';
export const NATIVE = 'native mirroring';

/** What a case asks of the added CPU time. */
export interface Goal {
  readonly text: string;
  readonly met: (ours: number, peers: Readonly<Record<string, number>>) => boolean;
}

type Cost = (sample: Sample) => number;

/** Added cost per round: a contender's less that of its base in the same round, so that slow drifts cancel. */
export function added(samples: Samples, name: string, base: string, cost: Cost = (s) => s.cpu): number[] {
  const theirs = samples.get(name) ?? [];
  const without = samples.get(base) ?? [];
  return theirs.map((s, i) => cost(s) - cost(without[i]!));
}

const spread = (values: readonly number[]): string => {
  const sorted = [...values].sort((a, b) => a - b);
  return `${sorted[0]?.toFixed(1)} to ${sorted.at(-1)?.toFixed(1)}`;
};

/**
 * The rows of a case run side by side: added CPU time (a contender's base is `none` unless `bases` says otherwise), CPU time,
 * throughput and latencies, and instructions where they are counted. `reference` is the peer that ratios refer to.
 */
export function rowsOf(
  name: string,
  samples: Samples,
  reference: string,
  goal?: Goal,
  bases: Readonly<Record<string, string>> = {},
): Row[] {
  const rounds = samples.get(OURS)?.length ?? 0;
  const all = [...samples.keys()];
  const compared = all.filter((c) => c !== OURS && c !== NONE && !Object.values(bases).includes(c));
  const more = (what: string, unit: string, cost: Cost) => {
    const addedBy = (contender: string) => median(added(samples, contender, bases[contender] ?? NONE, cost));
    const peers = Object.fromEntries(compared.map((c) => [c, addedBy(c)]));
    const ours = addedBy(OURS);
    const byRound = spread(added(samples, OURS, bases[OURS] ?? NONE, cost));
    return {
      bench: BENCH,
      case: name,
      measure: what,
      unit,
      ours,
      peers,
      ...(peers[reference] === undefined ? {} : { ratio: ours / peers[reference] }),
      rounds,
      note: `ours by round: ${byRound}; ${AGAIN} is the error of the method`,
    };
  };
  const measure = (what: string, unit: string, read: (s: Sample) => number): Row => {
    const of = (c: string) => median(samples.get(c)!.map(read));
    const others = Object.fromEntries(all.filter((c) => c !== OURS).map((c) => [c, of(c)]));
    return {
      bench: BENCH,
      case: name,
      measure: what,
      unit,
      ours: of(OURS),
      peers: others,
      ratio: of(OURS) / (others[reference] ?? of(NONE)),
      rounds,
    };
  };
  const cpu = more('added CPU per request', 'µs', (s) => s.cpu);
  const counted = [...samples.values()].every((of) => of.every((s) => s.instructions !== undefined));
  return [
    { ...cpu, ...(goal ? { target: goal.text, met: goal.met(cpu.ours, cpu.peers) } : {}) },
    ...(counted ? [more('added instructions per request', 'thousand', (s) => s.instructions! / 1000)] : []),
    measure('CPU per request', 'µs', (s) => s.cpu),
    measure('throughput', 'requests/s', (s) => s.perSecond),
    measure('latency p50', 'ms', (s) => s.p50),
    measure('latency p99', 'ms', (s) => s.p99),
  ];
}
