import type { Clock } from './clock.ts';
import type { FaultKind } from './fault.ts';
import type { FaultLease, Lease, MitigationLease } from './lease.ts';
import type { MitigationKind } from './mitigation.ts';
import type { Snapshot, WorldName } from './snapshot.ts';
import type { Topology } from './topology.ts';

/** What a world can do; becomes the action mask. A missing kind carries the reason it is missing. */
export interface Capabilities {
  readonly mitigations: ReadonlySet<MitigationKind>;
  readonly faults: ReadonlySet<FaultKind>;
  readonly missing: Readonly<Record<string, string>>;
}

/** How far a change got. `pending` resolves later through {@link World.apply}'s promise; it is what `effective` waits for. */
export type ApplyResult =
  | {
      readonly state: 'effective';
      readonly at: number /** node ids whose proxies acknowledged */;
      readonly proxies: readonly string[];
    }
  | { readonly state: 'refused'; readonly reason: string };

export interface WorldHealth {
  readonly ready: boolean;
  /** Why not, or what is degraded, in words for the operator. */
  readonly notes: readonly string[];
}

/** How long a replica may take from its start to its first healthy answer: a world waits no longer for one, nor does who scales. */
export const START_WITHIN_MS = 30_000;

/** A running copy of the application that can be observed and steered. The loop does not ask which one it is in. */
export interface World {
  readonly name: WorldName;
  readonly topology: Topology;
  readonly clock: Clock;
  capabilities(): Capabilities;
  /** The newest complete window, or undefined before the first. */
  latest(): Snapshot | undefined;
  /** One snapshot a window from now on, in order, until the signal aborts. A slow reader skips to the newest. */
  observe(signal?: AbortSignal): AsyncIterable<Snapshot>;
  /** Resolves when every proxy concerned has acknowledged, or with the reason it was refused. Never throws for a refusal. */
  apply(lease: MitigationLease): Promise<ApplyResult>;
  /** Takes a lease of either kind back. Idempotent; resolves when the proxies acknowledged. */
  remove(leaseId: string): Promise<void>;
  /** Moves the end of a mitigation in force, ms since the epoch on this world's clock; the mesh is not touched. */
  renew(leaseId: string, expiresAt: number): void;
  /** What is in force now. */
  leases(): readonly Lease[];
  health(): WorldHealth;
}

/** Private to this module's importers: production is never given it, so the compiler keeps faults out of production (wall 1). */
export const faultable: unique symbol = Symbol('umbra.faultable');

/** A world in which faults may be injected: the simulation and the shadow. */
export interface FaultableWorld extends World {
  readonly [faultable]: true;
  readonly name: 'simulation' | 'shadow';
  /** Resolves when the fault is in place (acknowledged or measured); refused with the reason where it cannot be. */
  inject(lease: FaultLease): Promise<ApplyResult>;
  /** Keeps the services' present data as the state to which {@link resetState} returns. */
  snapshotState(): Promise<void>;
  resetState(): Promise<void>;
}
