import { wallClock } from '../../control-plane/mesh/clock.ts';
import type { RunningTrouble } from '../troubles/run.ts';
import type { PlannedTrouble } from './options.ts';
import type { TroubleTime } from './report.ts';

/** Troubles of one run. */
export interface TroublePlan {
  /** Ends those that are on and starts no more. Resolves with when each was on. */
  stop(): Promise<TroubleTime[]>;
}

/**
 * Starts each trouble at its time from now, and ends it after its own. One that cannot be started is told, and the run goes on.
 * `start` applies a trouble by name.
 */
export function followPlan(
  planned: readonly PlannedTrouble[],
  start: (name: string) => Promise<RunningTrouble>,
  say: (line: string) => void,
): TroublePlan {
  const times: TroubleTime[] = [];
  const running = new Map<RunningTrouble, Promise<void>>();
  let starting: Promise<unknown> = Promise.resolve();
  const over = new AbortController();
  const after = (ms: number, what: () => unknown) => void wallClock.sleep(ms, over.signal).then(what, () => {});
  const end = (trouble: RunningTrouble): Promise<void> => {
    const known = running.get(trouble);
    if (known) return known;
    const ended = trouble.stop().then(() => {
      times.push({ name: trouble.name, from: trouble.from, to: Date.now() });
      say(`trouble ${trouble.name} is over`);
    });
    running.set(trouble, ended);
    return ended;
  };
  const on = new Set<RunningTrouble>();
  for (const { name, atMs, forMs } of planned) {
    after(atMs, () => {
      if (over.signal.aborted) return;
      starting = Promise.allSettled([
        starting,
        start(name).then(
          (trouble) => {
            on.add(trouble);
            say(`trouble ${name} begins`);
            if (over.signal.aborted) return end(trouble);
            if (forMs !== undefined) after(forMs, () => end(trouble));
            return undefined;
          },
          (e: Error) => say(`trouble ${name} could not be started: ${e.message}`),
        ),
      ]);
    });
  }
  return {
    stop: async () => {
      over.abort();
      await starting;
      await Promise.all([...on].map(end));
      return times.toSorted((a, b) => a.from - b.from);
    },
  };
}
