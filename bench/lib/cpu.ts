import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time a process has had so far, all its threads together, in µs: the scheduler's own count (nanoseconds, `schedstat`),
 * or where the kernel has none, user and system time in ticks of 10 ms. Threads that have ended are not in it.
 */
export function cpuMicros(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return (
      threads.reduce(
        (sum, t) => sum + Number(readFileSync(`/proc/${pid}/task/${t}/schedstat`, 'latin1').split(' ')[0]),
        0,
      ) / 1000
    );
  } catch {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  }
}

/** Keeps all threads of a process on these CPUs (`taskset`'s list). False where that cannot be done. */
export function pin(pid: number, cpus: string): boolean {
  return spawnSync('taskset', ['-acp', cpus, String(pid)], { stdio: 'ignore' }).status === 0;
}
