import type { Fault } from './fault.ts';
import type { Mitigation } from './mitigation.ts';
import type { Setting } from './settings.ts';

/** Who stands behind a lease. `operator` leases are overrides: they beat the policy always. */
export type LeaseOwner = 'chaos' | 'policy' | 'pattern' | 'operator' | 'static';

interface LeaseBase {
  readonly id: string;
  readonly owner: LeaseOwner;
  /** In words: why it is in force. Shown to the operator. */
  readonly reason: string;
  /** On the world's clock, ms since the epoch. */
  readonly createdAt: number;
  readonly expiresAt: number;
  /** The incident or episode it belongs to. */
  readonly incident?: string;
  readonly episode?: string;
}

export interface FaultLease extends LeaseBase {
  readonly type: 'fault';
  readonly fault: Fault;
}

/** `setting` is the mitigation with its numbers resolved against the healthy state when the lease was made. */
export interface MitigationLease extends LeaseBase {
  readonly type: 'mitigation';
  readonly mitigation: Mitigation;
  readonly setting: Setting;
}

/** Every fault and mitigation in force is one of these. */
export type Lease = FaultLease | MitigationLease;

/** Umbra put it in force by itself: no operator and no static base stands behind it, so that it may take it back. */
export const isOwn = (lease: Lease): lease is MitigationLease =>
  lease.type === 'mitigation' && (lease.owner === 'policy' || lease.owner === 'pattern');
