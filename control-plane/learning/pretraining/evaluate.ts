import type { Rng } from '../../mesh/rng.ts';
import type { MeshSpec } from '../../worlds/simulated/spec.ts';
import type { Score } from '../card.ts';
import type { Hardening } from './hardening.ts';
import { begin, drawIncident, type Incident, suffers } from './incidents.ts';
import { doNothing, type Player, play } from './play.ts';

/** A way of deciding that takes part in an evaluation; `hardening` is in force before the trouble starts. */
export interface Contestant {
  readonly name: string;
  readonly player: Player;
  readonly hardening?: Hardening;
  /** Windows it waits before it thinks again; 1 unless given. */
  readonly patience?: number;
}

/** `n` incidents in which users suffer. */
export function drawIncidents(rng: Rng, n: number, source?: (rng: Rng) => MeshSpec): Incident[] {
  const out: Incident[] = [];
  while (out.length < n) {
    const incident = drawIncident(rng, source?.(rng));
    const situation = begin(incident);
    if (situation && suffers(situation)) out.push(incident);
  }
  return out;
}

/** What every contestant made of every incident, in order: [contestants][incidents]; the first is doing nothing. */
interface Games {
  readonly names: readonly string[];
  readonly values: readonly (readonly number[])[];
  /** Mean mitigations applied, of each contestant. */
  readonly steps: readonly number[];
}

/** Every contestant plays the same incidents. */
export async function playAll(
  incidents: readonly Incident[],
  contestants: readonly Contestant[],
  progress?: (done: number) => void,
): Promise<Games> {
  const all: Contestant[] = [{ name: 'no action', player: doNothing }, ...contestants];
  const values: number[][] = all.map(() => []);
  const steps = all.map(() => 0);
  for (const [i, incident] of incidents.entries()) {
    for (const [k, contestant] of all.entries()) {
      const played = await play(begin(incident, contestant.hardening)!, contestant.player, contestant.patience);
      values[k]!.push(played.value);
      steps[k]! += played.steps / incidents.length;
    }
    progress?.(i + 1);
  }
  return { names: all.map((c) => c.name), values, steps };
}

/** The mean of what one did better than the other in the same incidents, and its standard error. */
export function advantage(of: readonly number[], over: readonly number[]): { mean: number; error: number } {
  const differences = of.map((v, i) => v - over[i]!);
  const n = differences.length;
  const mean = differences.reduce((a, b) => a + b, 0) / n;
  const variance = differences.reduce((a, d) => a + (d - mean) ** 2, 0) / Math.max(1, n - 1);
  return { mean, error: Math.sqrt(variance / n) };
}

/**
 * How every contestant did. `recovered` is the gain over doing nothing ÷ the gain of the best contestant in
 * each incident, summed; `harm` the share of incidents that ended more than a point worse than with no action.
 */
export function scoresOf({ names, values, steps }: Games): Score[] {
  const n = values[0]!.length;
  const reachable = values[0]!.reduce((sum, base, i) => sum + Math.max(...values.map((v) => v[i]!)) - base, 0);
  return names.map((name, k) => {
    const gains = values[k]!.map((v, i) => v - values[0]![i]!);
    return {
      name,
      recovered: reachable > 0 ? gains.reduce((a, b) => a + b, 0) / reachable : 0,
      good: values[k]!.reduce((a, b) => a + b, 0) / n,
      harm: gains.filter((g) => g < -0.01).length / n,
      steps: steps[k]!,
    };
  });
}

/** Every contestant plays the same incidents; how they did, doing nothing first. */
export async function evaluate(
  incidents: readonly Incident[],
  contestants: readonly Contestant[],
  progress?: (done: number) => void,
): Promise<Score[]> {
  return scoresOf(await playAll(incidents, contestants, progress));
}

/** Scores as a table for people. */
export function tableOf(scores: readonly Score[]): string {
  const cells = [
    ['', 'recovered', 'good', 'harm', 'steps'],
    ...scores.map((s) => [
      s.name,
      s.recovered.toFixed(2),
      s.good.toFixed(3),
      `${(100 * s.harm).toFixed(1)}%`,
      s.steps.toFixed(1),
    ]),
  ];
  const widths = cells[0]!.map((_, j) => Math.max(...cells.map((row) => row[j]!.length)));
  return cells
    .map((row) => row.map((c, j) => (j === 0 ? c.padEnd(widths[j]!) : c.padStart(widths[j]!))).join('  '))
    .join('\n');
}
