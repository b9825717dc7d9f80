import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

/** A count that has begun. */
export interface Counting {
  /** Ends it and gives the number of instructions since it began. */
  stop(): Promise<number>;
}

/**
 * Counts the instructions that a process, all its threads together, runs in user space: unlike CPU time it does not vary with
 * what else the machine does. By Linux's `perf stat`, told over its control channel when to begin and to end; undefined where
 * there is no perf, or no such counter (many virtual machines have none).
 */
export async function countInstructions(pid: number): Promise<Counting | undefined> {
  const args = ['stat', '-x', ',', '-e', 'instructions:u', '--delay', '-1', '--control', 'fd:3,4', '-p', String(pid)];
  const perf = spawn('perf', args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
  const ended = once(perf, 'exit').catch(() => {});
  const report = text(perf.stderr as Readable);
  const [control, answers] = [perf.stdio[3], perf.stdio[4]] as [Duplex, Duplex];
  control.on('error', () => {});
  const tell = async (command: string) => {
    control.write(`${command}\n`);
    await Promise.race([once(answers, 'data'), ended]);
  };
  await tell('enable');
  if (perf.pid === undefined || perf.exitCode !== null) return undefined;
  return {
    async stop() {
      await tell('disable');
      perf.kill('SIGINT');
      await ended;
      const found = instructionsIn(await report);
      if (found === undefined) throw new Error('perf stat counted nothing');
      return found;
    },
  };
}

/** Whether instructions of a process can be counted here. */
export async function canCount(): Promise<boolean> {
  try {
    return ((await (await countInstructions(process.pid))?.stop()) ?? 0) > 0;
  } catch {
    return false;
  }
}

/** The count in a report of `perf stat -x ,`; undefined if it says there is none (`<not supported>`). */
export function instructionsIn(report: string): number | undefined {
  const line = report.split('\n').find((l) => l.includes('instructions'));
  const count = Number(line?.split(',')[0]);
  return line === undefined || Number.isNaN(count) ? undefined : count;
}
