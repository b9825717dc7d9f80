import { baselineSettings, compose } from '../../mesh/compose.ts';
import { type FaultKind, faultKinds } from '../../mesh/fault.ts';
import type { FaultLease, Lease, MitigationLease } from '../../mesh/lease.ts';
import { type MitigationKind, mitigationKinds } from '../../mesh/mitigation.ts';
import type { Snapshot } from '../../mesh/snapshot.ts';
import type { Topology } from '../../mesh/topology.ts';
import {
  type ApplyResult,
  type Capabilities,
  type FaultableWorld,
  faultable,
  type WorldHealth,
} from '../../mesh/world.ts';
import { Simulation } from './simulation.ts';
import type { MeshSpec } from './spec.ts';
import { VirtualClock } from './virtual-clock.ts';

const WINDOW_MS = 1000;

const capabilities: Capabilities = {
  mitigations: new Set(Object.keys(mitigationKinds) as MitigationKind[]),
  faults: new Set(Object.keys(faultKinds) as FaultKind[]),
  missing: {},
};

/** The simulator as a world on a virtual clock, for the same loop that runs in the shadow and in production. */
export class SimulatedWorld implements FaultableWorld {
  readonly [faultable] = true as const;
  readonly name = 'simulation' as const;
  readonly topology: Topology;
  readonly clock: VirtualClock;
  readonly #start: number;
  readonly #stop = new AbortController();
  #simulation: Simulation;
  #kept: Simulation | undefined;
  #leases: Lease[] = [];
  #latest: Snapshot | undefined;
  #waiting: (() => void)[] = [];

  /** Starts at once: a window every simulated second, until {@link close}. */
  constructor(spec: MeshSpec, seed: number, clock = new VirtualClock()) {
    this.topology = spec.topology;
    this.clock = clock;
    this.#start = clock.now();
    this.#simulation = Simulation.of(spec, seed);
    void this.#tick();
  }

  capabilities(): Capabilities {
    return capabilities;
  }

  latest(): Snapshot | undefined {
    return this.#latest;
  }

  async *observe(signal?: AbortSignal): AsyncIterable<Snapshot> {
    let seen = this.#latest?.at ?? 0;
    while (!signal?.aborted && !this.#stop.signal.aborted) {
      if (!this.#latest || this.#latest.at <= seen) {
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve);
          signal?.addEventListener('abort', () => resolve(), { once: true });
        });
        continue;
      }
      seen = this.#latest.at;
      yield this.#latest;
    }
  }

  async apply(lease: MitigationLease): Promise<ApplyResult> {
    const { setting } = lease;
    const known = 'edge' in setting ? this.topology.edges[setting.edge] : this.topology.services[setting.service];
    if (!known) return { state: 'refused', reason: 'its target is not in this mesh' };
    this.#leases = [...this.#leases.filter((l) => l.id !== lease.id), lease];
    await this.#push();
    return { state: 'effective', at: this.clock.now(), proxies: ['simulated'] };
  }

  async inject(lease: FaultLease): Promise<ApplyResult> {
    const left = lease.expiresAt - this.clock.now();
    if (left <= 0) return { state: 'refused', reason: 'it has expired' };
    const durationMs = Math.min(left, lease.fault.durationMs);
    try {
      this.#simulation.inject(lease.id, { ...lease.fault, durationMs });
    } catch (error) {
      return { state: 'refused', reason: (error as Error).message };
    }
    this.#leases = [...this.#leases, lease];
    return { state: 'effective', at: this.clock.now(), proxies: ['simulated'] };
  }

  async remove(leaseId: string): Promise<void> {
    const lease = this.#leases.find((l) => l.id === leaseId);
    if (!lease) return;
    this.#leases = this.#leases.filter((l) => l !== lease);
    if (lease.type === 'fault') this.#simulation.clear(lease.id);
    else await this.#push();
  }

  renew(leaseId: string, expiresAt: number): void {
    this.#leases = this.#leases.map((l) => (l.id === leaseId && l.type === 'mitigation' ? { ...l, expiresAt } : l));
  }

  leases(): readonly Lease[] {
    return this.#leases;
  }

  health(): WorldHealth {
    return { ready: this.#latest !== undefined, notes: [] };
  }

  /** More users than usual, or fewer: what no fault lease can do. */
  surge(factor: number, durationMs: number): void {
    this.#simulation.surge(factor, durationMs);
  }

  async snapshotState(): Promise<void> {
    this.#kept = this.#simulation.clone();
  }

  async resetState(): Promise<void> {
    if (!this.#kept) return;
    this.#simulation = this.#kept.clone();
    await this.#push();
  }

  /** Ends its ticking and everybody's observing. */
  close(): void {
    this.#stop.abort();
    this.#wake();
  }

  /** Composes and hands on; resolves when the proxies would have acknowledged. */
  async #push(): Promise<void> {
    const { pushMs } = this.#simulation.spec;
    this.#simulation.apply(compose(this.topology, baselineSettings(this.topology), this.#leases), pushMs);
    await this.clock.sleep(pushMs);
  }

  async #tick(): Promise<void> {
    for (let n = 1; !this.#stop.signal.aborted; n++) {
      try {
        await this.clock.sleep(this.#start + n * WINDOW_MS - this.clock.now(), this.#stop.signal);
      } catch {
        return;
      }
      const now = this.clock.now();
      this.#latest = { ...this.#simulation.window(), at: now };
      // Faults end by themselves, mitigations when their lease does.
      const before = this.#leases;
      this.#leases = before.filter((l) => l.expiresAt > now);
      if (before.some((l) => l.type === 'mitigation' && l.expiresAt <= now)) void this.#push();
      this.#wake();
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
