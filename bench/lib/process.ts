import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * CPU time a process has had so far, all its threads together, in µs: the scheduler's own count (nanoseconds, `schedstat`),
 * or where the kernel has none, user and system time in ticks of 10 ms. Threads that have ended are not in the former.
 */
export function cpuMicros(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    nanosOf(`/proc/${pid}/task/${thread}/schedstat`),
  );
  if (threads.length > 0) return threads.reduce((sum, ns) => sum + ns, 0) / 1000;
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** None of a thread that has ended since it was listed, and where the kernel does not count. */
function nanosOf(schedstat: string): [number] | [] {
  try {
    return [Number(readFileSync(schedstat, 'latin1').split(' ')[0])];
  } catch {
    return [];
  }
}

/** Waits until a process has nothing more to do (or 3 s), and gives its CPU time then, ms. */
export async function settledCpuMs(pid: number): Promise<number> {
  let before = cpuMicros(pid);
  for (let i = 0; i < 30; i++) {
    await sleep(100);
    const now = cpuMicros(pid);
    if (now - before < 2000) return now / 1000;
    before = now;
  }
  return before / 1000;
}

/** Memory a process holds in RAM, bytes. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!line) throw new Error(`process ${pid} says nothing of its memory`);
  return Number(line[1]) * 1024;
}

/** Keeps all threads of a process on these CPUs (`taskset`'s list). False where that cannot be done. */
export function pin(pid: number, cpus: string): boolean {
  return spawnSync('taskset', ['-acp', cpus, String(pid)], { stdio: 'ignore' }).status === 0;
}
