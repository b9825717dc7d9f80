import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
const PERIOD_US = 100_000;
/** What the kernel reports for "no limit" is near 2^63; no machine has a PiB. */
const NO_LIMIT = 2 ** 50;

/** One control group with its processes' CPU and memory bounded. A limit of 0 is none. */
export interface ControlGroup {
  readonly name: string;
  add(pid: number): void;
  setCpu(cores: number): void;
  setMemory(bytes: number): void;
  /** Relative weight under contention; 1024 is what everything else has. */
  setShares(shares: number): void;
  /** Read back from the kernel. */
  cpu(): number;
  memory(): number;
  memoryUsed(): number;
  processes(): number[];
  child(name: string): ControlGroup;
  /** Removes it and its children; false while a process in it is still dying. */
  remove(): boolean;
}

/** Which control groups this machine lets us make: version 1 with the controllers cpu and memory, version 2, or none and why. */
export function detectControlGroups(): { version: 1 | 2 } | { reason: string } {
  const writable = (path: string) => {
    try {
      accessSync(path, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  };
  if (existsSync(join(ROOT, 'cgroup.controllers'))) {
    const controllers = readFileSync(join(ROOT, 'cgroup.controllers'), 'utf8').split(/\s+/);
    if (!controllers.includes('cpu') || !controllers.includes('memory'))
      return { reason: 'the control groups here offer no cpu and memory controllers' };
    return writable(join(ROOT, 'cgroup.subtree_control'))
      ? { version: 2 }
      : { reason: 'control groups may not be made here (root is needed)' };
  }
  if (existsSync(join(ROOT, 'cpu/cpu.shares')) && existsSync(join(ROOT, 'memory/memory.limit_in_bytes')))
    return writable(join(ROOT, 'cpu')) && writable(join(ROOT, 'memory'))
      ? { version: 1 }
      : { reason: 'control groups may not be made here (root is needed)' };
  return { reason: `no control groups below ${ROOT}` };
}

/** Makes a top-level group. @throws the kernel's error where it may not be made */
export function makeControlGroup(version: 1 | 2, name: string): ControlGroup {
  return version === 1 ? new GroupV1(name) : new GroupV2(name);
}

/** Names of top-level groups that begin with `prefix`. */
export function controlGroupsNamed(prefix: string): string[] {
  const found = detectControlGroups();
  if ('reason' in found) return [];
  const folder = found.version === 1 ? join(ROOT, 'cpu') : ROOT;
  return readdirSync(folder, { withFileTypes: true })
    .filter((e) => e.isDirectory() && e.name.startsWith(prefix))
    .map((e) => e.name);
}

/** What `work` with a group gives; undefined where the group was removed meanwhile: its replica is gone. */
export function whereLeft<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw e;
  }
}

const put = (file: string, value: string | number) => writeFileSync(file, String(value));
const get = (file: string) => readFileSync(file, 'utf8').trim();

/** Kills what is still in a group and removes it; resolves when it is gone, or after two seconds, for the next sweep. */
export async function dissolve(group: ControlGroup): Promise<void> {
  for (let tries = 0; tries < 100 && !group.remove(); tries++) {
    for (const pid of group.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function removeTree(path: string): boolean {
  if (!existsSync(path)) return true;
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(path, entry.name));
  try {
    rmdirSync(path);
    return true;
  } catch {
    // Busy: a process in it is still dying.
    return false;
  }
}

function pidsBelow(path: string): number[] {
  if (!existsSync(path)) return [];
  const own = get(join(path, 'cgroup.procs')).split('\n').filter(Boolean).map(Number);
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) own.push(...pidsBelow(join(path, entry.name)));
  return own;
}

/** Version 1: one folder per controller (kernel documentation, admin-guide/cgroup-v1). */
class GroupV1 implements ControlGroup {
  readonly name: string;
  readonly #cpu: string;
  readonly #memory: string;
  constructor(name: string) {
    this.name = name;
    this.#cpu = join(ROOT, 'cpu', name);
    this.#memory = join(ROOT, 'memory', name);
    mkdirSync(this.#cpu, { recursive: true });
    mkdirSync(this.#memory, { recursive: true });
  }
  add(pid: number): void {
    // The kernel takes 0 for the writer itself.
    if (pid <= 0) return;
    for (const folder of [this.#cpu, this.#memory]) {
      try {
        put(join(folder, 'cgroup.procs'), pid);
      } catch {
        // It ended before it could be moved.
      }
    }
  }
  setCpu(cores: number): void {
    put(join(this.#cpu, 'cpu.cfs_quota_us'), cores > 0 ? Math.max(1000, Math.round(cores * PERIOD_US)) : -1);
  }
  setMemory(bytes: number): void {
    put(join(this.#memory, 'memory.limit_in_bytes'), bytes > 0 ? bytes : -1);
  }
  setShares(shares: number): void {
    put(join(this.#cpu, 'cpu.shares'), shares);
  }
  cpu(): number {
    const quota = Number(get(join(this.#cpu, 'cpu.cfs_quota_us')));
    return quota > 0 ? quota / Number(get(join(this.#cpu, 'cpu.cfs_period_us'))) : 0;
  }
  memory(): number {
    const limit = Number(get(join(this.#memory, 'memory.limit_in_bytes')));
    return limit < NO_LIMIT ? limit : 0;
  }
  memoryUsed(): number {
    return Number(get(join(this.#memory, 'memory.usage_in_bytes')));
  }
  processes(): number[] {
    return [...new Set([...pidsBelow(this.#cpu), ...pidsBelow(this.#memory)])];
  }
  child(name: string): ControlGroup {
    return new GroupV1(join(this.name, name));
  }
  remove(): boolean {
    const cpu = removeTree(this.#cpu);
    return removeTree(this.#memory) && cpu;
  }
}

/** Version 2: one tree; a group with children may hold no process itself (admin-guide/cgroup-v2, "no internal processes"). */
class GroupV2 implements ControlGroup {
  readonly name: string;
  readonly #path: string;
  constructor(name: string) {
    this.name = name;
    this.#path = join(ROOT, name);
    let path = ROOT;
    for (const part of name.split('/')) {
      put(join(path, 'cgroup.subtree_control'), '+cpu +memory');
      path = join(path, part);
      mkdirSync(path, { recursive: true });
    }
  }
  add(pid: number): void {
    if (pid <= 0) return;
    try {
      put(join(this.#path, 'cgroup.procs'), pid);
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code === 'ESRCH') return;
      // EBUSY: it has children of its own, so its own processes live in a leaf beside them.
      const leaf = join(this.#path, 'own');
      mkdirSync(leaf, { recursive: true });
      put(join(leaf, 'cgroup.procs'), pid);
    }
  }
  setCpu(cores: number): void {
    put(
      join(this.#path, 'cpu.max'),
      cores > 0 ? `${Math.max(1000, Math.round(cores * PERIOD_US))} ${PERIOD_US}` : 'max',
    );
  }
  setMemory(bytes: number): void {
    put(join(this.#path, 'memory.max'), bytes > 0 ? bytes : 'max');
  }
  /** 1024 shares are a weight of 100 (the kernel's own conversion of its defaults). */
  setShares(shares: number): void {
    put(join(this.#path, 'cpu.weight'), Math.max(1, Math.round((shares * 100) / 1024)));
  }
  cpu(): number {
    const [quota, period] = get(join(this.#path, 'cpu.max')).split(' ');
    return quota === 'max' ? 0 : Number(quota) / Number(period);
  }
  memory(): number {
    const limit = get(join(this.#path, 'memory.max'));
    return limit === 'max' ? 0 : Number(limit);
  }
  memoryUsed(): number {
    return Number(get(join(this.#path, 'memory.current')));
  }
  processes(): number[] {
    return pidsBelow(this.#path);
  }
  child(name: string): ControlGroup {
    return new GroupV2(join(this.name, name));
  }
  remove(): boolean {
    return removeTree(this.#path);
  }
}
