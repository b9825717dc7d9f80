import type { Row } from '../lib/rows.ts';
import { median } from '../lib/stats.ts';
import { BENCH, NONE, OURS } from './figures.ts';

/** CPU time per request, µs, of each contender: one list of rounds for each level. */
export type Costs = ReadonlyMap<string, readonly (readonly number[])[]>;

/** What counts as flat: so many times the cost at the first level. */
const FLAT = 1.15;

const growths = (names: readonly string[], of: (name: string) => number) =>
  names.map((name) => `${name} ${of(name).toFixed(2)}`).join(', ');

/**
 * Whether what a request costs is the same at each level of something else that is going on. Envoy itself slows down with it, so
 * where there is a run without a filter it is the added cost that must be flat, and the whole cost is shown as its multiple of
 * no filter's at the same level; else the whole must be. Differences and multiples are taken within a round.
 */
export function flatnessRows(name: string, levels: readonly string[], costs: Costs): Row[] {
  const all = [...costs.keys()];
  const peers = all.filter((who) => who !== OURS);
  const rounds = costs.get(OURS)![0]!.length;
  const cost = (who: string, i: number) => median(costs.get(who)![i]!);
  const byRound = (who: string, i: number, base: string, at: number, what: (a: number, b: number) => number) =>
    median(costs.get(who)![i]!.map((cpu, round) => what(cpu, costs.get(base)![at]![round]!)));
  const growth = (who: string, i: number) => byRound(who, i, who, 0, (a, b) => a / b);
  const addedBy = (who: string, i: number) => byRound(who, i, NONE, i, (a, b) => a - b);
  const addedGrowth = (who: string, i: number) => addedBy(who, i) / addedBy(who, 0);
  const goal = (i: number, grown: number) =>
    i === 0 ? {} : { target: `≤ ${FLAT} × with ${levels[0]}`, met: grown <= FLAT };
  const row = (measure: string, of: (who: string) => number, others: readonly string[]) => ({
    bench: BENCH,
    case: name,
    measure,
    unit: 'µs',
    ours: of(OURS),
    peers: Object.fromEntries(others.map((who) => [who, of(who)])),
    rounds,
  });
  const whole = (level: string, i: number): Row => ({
    ...row(`CPU per request, ${level}`, (who) => cost(who, i), peers),
    note: `to the same with ${levels[0]}: ${growths(all, (who) => growth(who, i))}`,
  });
  if (!costs.has(NONE))
    return levels.map((level, i) => ({ ...whole(level, i), ratio: growth(OURS, i), ...goal(i, growth(OURS, i)) }));
  const filters = all.filter((who) => who !== NONE);
  return levels.flatMap((level, i): Row[] => [
    {
      ...row(
        `added CPU per request, ${level}`,
        (who) => addedBy(who, i),
        peers.filter((who) => who !== NONE),
      ),
      ratio: addedGrowth(OURS, i),
      ...goal(i, addedGrowth(OURS, i)),
      note: `to the same with ${levels[0]}: ${growths(filters, (who) => addedGrowth(who, i))}`,
    },
    { ...whole(level, i), ratio: byRound(OURS, i, NONE, i, (a, b) => a / b) },
    {
      ...row(`CPU per request ÷ no filter's, ${level}`, (who) => byRound(who, i, NONE, i, (a, b) => a / b), peers),
      unit: '×',
    },
  ]);
}
