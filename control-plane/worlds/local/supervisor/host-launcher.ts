import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { UmbraError } from '../../../mesh/errors.ts';
import type { Command, Launcher, RunningProcess } from './command.ts';
import { replaceData } from './data.ts';
import { boundLogs } from './log-tail.ts';
import { probe } from './probe.ts';
import { groupOf } from './process-group.ts';
import { sameData } from './same-data.ts';

/**
 * Starts a process of this machine, the leader of its own group, that dies with this one: `setpriv --pdeathsig KILL` (util-linux) asks the kernel to kill it
 * when the thread that started it ends, so the caller must be the main thread.
 */
function startProcess(command: Command): Promise<RunningProcess> {
  const log = openSync(command.log, 'a', 0o600);
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command.argv], {
    cwd: command.cwd,
    env: command.env,
    // Its own session and group: Ctrl-C reaches the supervisor alone, which stops everything in order.
    detached: true,
    stdio: [command.stdin ? 'pipe' : 'ignore', log, log],
  });
  closeSync(log);
  child.stdin?.on('error', () => {});
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(notStarted(command, cause)));
    child.once('spawn', () =>
      resolve({
        pid: child.pid!,
        ...groupOf(child),
        tell: (line) => void child.stdin?.write(`${line}\n`),
      }),
    );
  });
}

/** The system says the same of a folder that is not there as of a program. */
function notStarted({ cwd, env }: Command, cause: NodeJS.ErrnoException): Error {
  if (cause.code !== 'ENOENT') return cause;
  if (!existsSync(cwd)) return new Error(`its folder ${cwd} is not there`, { cause });
  return new UmbraError('UMB0203', `it is not on PATH, ${env.PATH ?? 'which is not set'}`, { cause });
}

/** Processes directly on this machine: production, and a shadow that is only declared. */
export const hostLauncher: Launcher = {
  start: startProcess,
  probe,
  replaceData,
  sameData: async (a, b) => sameData(a, b),
  boundLogs: async (folder) => boundLogs(folder),
};
