import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** CPU time a process has used in all its threads, ms (proc(5): `schedstat`, in ns, where `stat` counts in 10 ms). */
export function cpuMs(pid: number): number {
  let ns = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // The thread ended between the two reads.
    }
  }
  return ns / 1e6;
}

/** Memory a process holds in RAM, bytes. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!line) throw new Error(`process ${pid} says nothing of its memory`);
  return Number(line[1]) * 1024;
}

/** Waits until a process has nothing more to do (or 3 s), and gives its CPU time then. */
export async function settledCpuMs(pid: number): Promise<number> {
  let before = cpuMs(pid);
  for (let i = 0; i < 30; i++) {
    await sleep(100);
    const now = cpuMs(pid);
    if (now - before < 2) return now;
    before = now;
  }
  return before;
}
