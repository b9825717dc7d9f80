import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: the unit of times in /proc/stat and /proc/PID/stat; 100 on every Linux that runs Node (proc(5)). */
export const TICKS = 100;
const PAGE = 4096;

export interface ProcessUse {
  /** User and system time, with that of children already waited for. */
  readonly cpuSeconds: number;
  /** Resident, minus what is shared with files. */
  readonly memoryBytes: number;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

/** Fields of /proc/PID/stat after the command's name, which may hold spaces and brackets; index 0 is field 3. */
function statFields(pid: number): string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Tells a process from a later one with the same number; undefined where it is gone. */
export function startTimeOf(pid: number): string | undefined {
  return statFields(pid)?.[19];
}

/** `T` stopped, `Z` zombie, `R`, `S`…; undefined where it is gone. */
export function stateOf(pid: number): string | undefined {
  return statFields(pid)?.[0];
}

/** Processes of a group that run: a zombie only waits for its parent, which may never ask. */
export function livingOf(group: number): number[] {
  try {
    process.kill(-group, 0);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ESRCH') return [];
  }
  return readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry);
    const fields = Number.isInteger(pid) ? statFields(pid) : undefined;
    return fields && Number(fields[2]) === group && fields[0] !== 'Z' && fields[0] !== 'X' ? [pid] : [];
  });
}

/** `pid` and all its descendants. */
export function treeOf(pid: number): number[] {
  const found = [pid];
  for (let i = 0; i < found.length; i++) {
    const children = read(`/proc/${found[i]}/task/${found[i]}/children`);
    if (children) for (const child of children.trim().split(' ')) if (child !== '') found.push(Number(child));
  }
  return found;
}

/** What a process and its descendants use now. */
export function useOf(pid: number): ProcessUse | undefined {
  if (pid <= 0) return undefined;
  let cpu = 0;
  let memory = 0;
  let seen = false;
  for (const each of treeOf(pid)) {
    const fields = statFields(each);
    const pages = read(`/proc/${each}/statm`)?.split(' ');
    if (!fields || !pages) continue;
    seen = true;
    cpu += Number(fields[11]) + Number(fields[12]) + (each === pid ? Number(fields[13]) + Number(fields[14]) : 0);
    memory += (Number(pages[1]) - Number(pages[2])) * PAGE;
  }
  return seen ? { cpuSeconds: cpu / TICKS, memoryBytes: Math.max(0, memory) } : undefined;
}

/** Processes whose environment holds `NAME=value`, this one left out. */
export function processesWith(name: string, value: string): number[] {
  const found: number[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const environ = read(`/proc/${pid}/environ`);
    if (environ?.split('\0').includes(`${name}=${value}`)) found.push(pid);
  }
  return found;
}
