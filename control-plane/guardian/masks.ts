import { isOwn, type MitigationLease } from '../mesh/lease.ts';
import { describeMitigation, type Mitigation } from '../mesh/mitigation.ts';
import type { Diagnosis } from '../mesh/record.ts';
import { resolve } from '../mesh/resolve.ts';
import type { HealthyState, Snapshot } from '../mesh/snapshot.ts';
import { INGRESS, type ServiceId, type Topology } from '../mesh/topology.ts';
import type { Capabilities } from '../mesh/world.ts';

/** Mitigations of ours that may be in force at once, whatever incidents there are. */
export const MAX_IN_FORCE = 8;

export interface MaskInput {
  readonly topology: Topology;
  readonly healthy: HealthyState;
  readonly latest: Snapshot;
  readonly capabilities: Capabilities;
  readonly inForce: readonly MitigationLease[];
  /** How users fare: what a limit at their entry must be measured by. */
  readonly users: { readonly goodRatio: number; readonly surge: boolean };
  /** Orders of the operator and what this incident already tried: a reason, or undefined. */
  readonly forbidden: (m: Mitigation) => string | undefined;
}

/**
 * Masks come before the policy (design, rule 5): why a mitigation may not be taken now, or undefined. Covers capabilities,
 * the floors of mesh/resolve.ts (idempotency among them), operator's pins on the same setting, the number in force, never zero
 * healthy endpoints, and a failover target that is there and well.
 */
export function maskOf(input: MaskInput): (m: Mitigation) => string | undefined {
  const { topology, healthy, latest, capabilities, inForce } = input;
  const own = inForce.filter(isOwn);
  const texts = new Set(inForce.map((l) => describeMitigation(l.mitigation)));
  return (m) => {
    if (!capabilities.mitigations.has(m.kind))
      return capabilities.missing[m.kind] ?? `${m.kind} is not possible in this world`;
    const setting = resolve(m, topology, healthy);
    if (typeof setting === 'string') return setting;
    if (texts.has(describeMitigation(m))) return 'already in force';
    const pinned = inForce.find((l) => l.owner === 'operator' && sameSetting(l.mitigation, m));
    if (pinned) return `the operator pinned ${describeMitigation(pinned.mitigation)}`;
    if (own.length >= MAX_IN_FORCE) return `${MAX_IN_FORCE} mitigations are in force already`;
    return endpointMask(m, topology, latest) ?? entryMask(m, topology, input.users) ?? input.forbidden(m);
  };
}

/** Of one kind on one target: only one of them can have its way. */
export function sameSetting(a: Mitigation, b: Mitigation): boolean {
  return a.kind === b.kind && targetOf(a) === targetOf(b);
}

const targetOf = (m: Mitigation) => ('edge' in m.target ? m.target.edge : m.target.service);

/**
 * A limit of s × the healthy rate at the entry can leave users at most s of their usual goodput; where they have more than that
 * now, it could only take. In a surge it is different: it takes from what is beyond capacity anyway.
 */
function entryMask(m: Mitigation, topology: Topology, users: MaskInput['users']): string | undefined {
  if (m.kind !== 'rate-limit' || !('edge' in m.target) || m.target.edge !== topology.entry || users.surge)
    return undefined;
  if (m.strength >= 1 || users.goodRatio < m.strength - 0.05) return undefined;
  const share = (x: number) => `${(100 * x).toFixed(0)}%`;
  return `it leaves users at most ${share(m.strength)} of their usual goodput and they have ${share(users.goodRatio)} now`;
}

/** {@link MaskInput.users} from a diagnosis. */
export function usersOf(d: Diagnosis): MaskInput['users'] {
  return { goodRatio: d.goodRatio, surge: d.symptoms.some((s) => s.kind === 'surge') };
}

function endpointMask(m: Mitigation, topology: Topology, latest: Snapshot): string | undefined {
  if (!('edge' in m.target)) return undefined;
  const edge = topology.edges[m.target.edge];
  if (!edge) return undefined;
  if (m.kind === 'outlier-detection') {
    const hosts = latest.edges[edge.id]?.hosts || latest.services[edge.callee]?.replicas || 0;
    if (hosts < 2)
      return `${edge.callee} has ${hosts === 1 ? 'one endpoint' : 'no endpoint'}: ejecting would leave none`;
  }
  if (m.kind === 'failover') {
    const target = topology.services[edge.callee]?.failover;
    if (!target) return `${edge.callee} has no redundant service`;
    const state = latest.services[target];
    if (state && state.ready < 1) return `${target} has no replica that answers`;
  }
  return undefined;
}

/**
 * Services a mitigation acts on: whose sidecars it changes, whom it protects or spares, and who takes over. The strictest of
 * their modes holds.
 */
export function servicesOf(m: Mitigation, topology: Topology): ServiceId[] {
  if (!('edge' in m.target)) return [m.target.service];
  const edge = topology.edges[m.target.edge];
  if (!edge) return [];
  const failover = m.kind === 'failover' ? topology.services[edge.callee]?.failover : undefined;
  return [edge.caller, edge.callee, ...(failover ? [failover] : [])].filter(
    (id) => id !== INGRESS && topology.services[id] !== undefined && !topology.services[id].external,
  );
}
