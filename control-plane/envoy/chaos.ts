import type { ChaosConfig, ChaosFault } from '../../filters/config.ts';
import type { FaultLease } from '../mesh/lease.ts';
import { endsOf } from '../mesh/topology.ts';
import type { ProxyNode } from './node.ts';

/** The largest added delay, ms (magnitude 1). */
const MOST_DELAY_MS = 2000;
/** What gRPC servers answer for an exception that nobody caught. */
const GRPC_UNKNOWN = 2;
const WIDEST_KIB = 256;
const NARROWEST_KIB = 8;

/** The leases that act in this proxy: on its own service, all replicas or this one, or on an edge that arrives here. */
export function faultsAt(node: ProxyNode, leases: readonly FaultLease[]): FaultLease[] {
  return leases.filter(({ fault: { target } }) => {
    if ('edge' in target) return endsOf(target.edge)[1] === node.service;
    return target.service === node.service && (target.replica === undefined || target.replica === node.replica);
  });
}

/**
 * What the chaos filter does for a fault; undefined for kinds that are enforced elsewhere.
 * @param grpc the service speaks gRPC: its exceptions are gRPC's, and its messages can be corrupted as bytes only
 */
export function chaosFault(lease: FaultLease, grpc = false): ChaosFault | undefined {
  const { fault } = lease;
  const base: ChaosFault = {
    id: lease.id.replace(/[^\w.:-]/g, '_').slice(0, 64),
    expiresAtMs: Math.round(lease.expiresAt),
    maxDurationMs: Math.max(1, Math.round(fault.durationMs)),
    share: fault.share,
    seed: fault.seed,
    ...('edge' in fault.target ? { match: { caller: endsOf(fault.target.edge)[0] } } : {}),
  };
  switch (fault.kind) {
    case 'latency': {
      const ms = Math.round(fault.magnitude * MOST_DELAY_MS);
      return { ...base, delay: { kind: 'normal', ms, spread: Math.round(ms / 5) } };
    }
    case 'corruption': {
      const ops = 1 + Math.round(fault.magnitude * 7);
      return { ...base, mutate: { on: 'response', ops, raw: grpc || fault.magnitude >= 0.5 } };
    }
    case 'exception':
      if (grpc) return { ...base, exception: { template: 'grpc', status: GRPC_UNKNOWN } };
      return { ...base, exception: { template: fault.seed % 2 === 0 ? 'express' : 'spring', status: 500 } };
    case 'abort':
      return { ...base, abort: { http: 503 } };
    default:
      return undefined;
  }
}

/** 32-bit FNV-1a, so that equal faults have equal generations and a build needs no counter. */
function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h;
}

/** The chaos filter's configuration in this proxy. */
export function chaosConfig(node: ProxyNode, leases: readonly FaultLease[], grpc = false): ChaosConfig {
  const faults = faultsAt(node, leases).flatMap((l) => chaosFault(l, grpc) ?? []);
  return { generation: faults.length === 0 ? 0 : hash32(JSON.stringify(faults)), faults };
}

/** Bandwidth in KiB/s that a magnitude of 0..1 leaves: 256 down to 8, halving in equal steps. */
export function bandwidthKib(magnitude: number): number {
  return Math.round(WIDEST_KIB * (NARROWEST_KIB / WIDEST_KIB) ** Math.min(1, Math.max(0, magnitude)));
}

/** The narrowest bandwidth limit in force at this proxy, KiB/s; undefined = none. */
export function bandwidthFault(node: ProxyNode, leases: readonly FaultLease[]): number | undefined {
  const limits = faultsAt(node, leases).filter((l) => l.fault.kind === 'bandwidth');
  return limits.length === 0 ? undefined : Math.min(...limits.map((l) => bandwidthKib(l.fault.magnitude)));
}
