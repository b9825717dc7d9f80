import type { ServiceWindow } from '../mesh/snapshot.ts';
import type { ServiceId } from '../mesh/topology.ts';

/** One replica's process and its children, as the machine sees them. */
export interface ProcessSample {
  readonly service: ServiceId;
  readonly replica: number;
  readonly alive: boolean;
  /** Since the replica was first started: never falls when a process is replaced. */
  readonly cpuSeconds: number;
  /** Cores it may use; 0 = no limit. */
  readonly cpuLimit: number;
  /** Resident. */
  readonly memoryBytes: number;
  /** 0 = no limit. */
  readonly memoryLimit: number;
  /** Since the supervisor started. */
  readonly restarts: number;
}

interface Replica {
  /** At the start of the window, and now. */
  from: { at: number; cpuSeconds: number; restarts: number };
  at: number;
  sample: ProcessSample;
  /** Share of its cores used in the last closed window. */
  cpu: number;
}

/** A replica not sampled for this long is not there any more. */
const FORGOTTEN_MS = 5000;

/** Turns process samples into one window per service. */
export class ProcessWindows {
  #replicas = new Map<string, Replica>();

  add(samples: readonly ProcessSample[], now: number): void {
    for (const sample of samples) {
      const key = `${sample.service}/${sample.replica}`;
      const known = this.#replicas.get(key);
      if (known) {
        known.sample = sample;
        known.at = now;
      } else {
        const from = { at: now, cpuSeconds: sample.cpuSeconds, restarts: sample.restarts };
        this.#replicas.set(key, { from, at: now, sample, cpu: 0 });
      }
    }
  }

  /** Services of which any process was sampled lately. */
  sampled(now: number): ReadonlySet<ServiceId> {
    return new Set([...this.#replicas.values()].filter((r) => now - r.at <= FORGOTTEN_MS).map((r) => r.sample.service));
  }

  /**
   * Closes the window.
   * @param replicas asked for, by service
   * @returns one window per service in `replicas`
   */
  take(replicas: Readonly<Record<ServiceId, number>>, now: number): Record<ServiceId, ServiceWindow> {
    const restarts = new Map<ServiceId, number>();
    const living = new Map<ServiceId, Replica[]>();
    for (const [key, r] of this.#replicas) {
      const { sample, from } = r;
      if (now - r.at > FORGOTTEN_MS) {
        this.#replicas.delete(key);
        continue;
      }
      const again = Math.max(0, sample.restarts - from.restarts);
      restarts.set(sample.service, (restarts.get(sample.service) ?? 0) + again);
      if (r.at > from.at) {
        // A restarted process counts its CPU time from 0.
        const used = sample.cpuSeconds >= from.cpuSeconds ? sample.cpuSeconds - from.cpuSeconds : sample.cpuSeconds;
        r.cpu = used / ((r.at - from.at) / 1000) / (sample.cpuLimit || 1);
      }
      // Where the clock was set back too, which tells no CPU.
      if (r.at !== from.at) r.from = { at: r.at, cpuSeconds: sample.cpuSeconds, restarts: sample.restarts };
      if (!sample.alive) continue;
      const all = living.get(sample.service) ?? [];
      all.push(r);
      living.set(sample.service, all);
    }
    const windows: Record<ServiceId, ServiceWindow> = {};
    for (const [service, wanted] of Object.entries(replicas)) {
      const there = living.get(service) ?? [];
      const mean = (of: (r: Replica) => number) => there.reduce((sum, r) => sum + of(r), 0) / Math.max(1, there.length);
      windows[service] = {
        replicas: wanted,
        ready: there.length,
        cpu: mean((r) => r.cpu),
        cpuMax: Math.max(0, ...there.map((r) => r.cpu)),
        memory: mean((r) => r.sample.memoryBytes),
        memoryMax: Math.max(0, ...there.map((r) => r.sample.memoryBytes)),
        memoryLimit: Math.max(0, ...there.map((r) => r.sample.memoryLimit)),
        restarts: restarts.get(service) ?? 0,
      };
    }
    return windows;
  }
}
