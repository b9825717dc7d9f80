import type { Case } from './cases.ts';
import type { Contender } from './servers.ts';

/** One contender through one case, once. */
export interface Session {
  readonly case: Case;
  readonly contender: Contender;
  readonly round: number;
}

/** All sessions in the order they are run: contenders take turns within a case, cases within a round. */
export function planOf(cases: readonly Case[], rounds: number, wanted: readonly Contender[]): Session[] {
  return Array.from({ length: rounds }, (_, round) =>
    cases
      .filter((c) => round < (c.rounds ?? rounds))
      .flatMap((c) =>
        c.contenders.filter((w) => wanted.includes(w)).map((contender) => ({ case: c, contender, round })),
      ),
  ).flat();
}

/** What is known of a session that was run. */
export interface Took {
  readonly case: string;
  readonly contender: Contender;
  readonly round: number;
  readonly seconds: number;
}

/** Sessions that are not among `runs`. */
export const open = (plan: readonly Session[], runs: readonly Omit<Took, 'seconds'>[]): Session[] =>
  plan.filter((s) => !runs.some((r) => r.case === s.case.name && r.contender === s.contender && r.round === s.round));

/**
 * How long sessions will take, s: each as long as the same case with the same contender took, on average. `unknown`: those of
 * which none was run.
 */
export function estimate(sessions: readonly Session[], runs: readonly Took[]): { seconds: number; unknown: number } {
  let seconds = 0;
  let unknown = 0;
  for (const s of sessions) {
    const same = runs.filter((r) => r.case === s.case.name && r.contender === s.contender);
    if (same.length === 0) unknown++;
    else seconds += same.reduce((sum, r) => sum + r.seconds, 0) / same.length;
  }
  return { seconds, unknown };
}
