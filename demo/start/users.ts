import type { Summary } from '../load/generator.ts';
import type { LoadLine } from '../load/run.ts';
import type { Second } from '../load/tally.ts';
import { type Child, startNode } from './child.ts';
import { launchers } from './launchers.ts';

/** The load as a process of its own. */
export interface LoadProcess {
  /** ms since the epoch: when the first line came, which is a second or so after the first user. */
  readonly from: number;
  /** As a child's: its exit code, or the signal that ended it. */
  readonly ended: Child['ended'];
  /** The summary; undefined where the process ended without one. */
  stop(): Promise<Summary | undefined>;
  kill(): void;
}

/** Users give up after ten seconds; until then the load waits for what is out. */
const GRACE_MS = 20_000;

/** Starts the load and resolves when its first second was counted. @throws Error when it ends before */
export async function startUsers(
  url: string,
  rate: number,
  onSecond: (second: Second) => void,
  say: (line: string) => void,
): Promise<LoadProcess> {
  let summary: Summary | undefined;
  const first = Promise.withResolvers<void>();
  const child: Child = await startNode(
    [launchers.demo, 'load', '--json', '--url', url, '--rate', String(rate)],
    (text) => {
      let line: LoadLine;
      try {
        line = JSON.parse(text) as LoadLine;
      } catch {
        say(`load: ${text}`);
        return;
      }
      if ('summary' in line) summary = line.summary;
      else {
        first.resolve();
        onSecond(line.second);
      }
    },
  );
  void child.ended.then((code) => first.reject(new Error(`the load ended with ${code}`)));
  await first.promise;
  return {
    from: Date.now(),
    ended: child.ended,
    stop: async () => {
      await child.stop(GRACE_MS);
      return summary;
    },
    kill: () => child.kill(),
  };
}
