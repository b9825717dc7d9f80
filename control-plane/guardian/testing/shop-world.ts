import type { Clock } from '../../mesh/clock.ts';
import { type FaultKind, faultKinds } from '../../mesh/fault.ts';
import type { FaultLease, Lease, MitigationLease } from '../../mesh/lease.ts';
import { type MitigationKind, mitigationKinds } from '../../mesh/mitigation.ts';
import type { Snapshot } from '../../mesh/snapshot.ts';
import type { EdgeId, ServiceId } from '../../mesh/topology.ts';
import { type FaultableWorld, faultable } from '../../mesh/world.ts';
import { createTraffic, shop, silenced, type Trouble } from '../../telemetry/testing/traffic.ts';

/** What ails a service of the shop: shares of its calls. `replica`: one replica alone, so that ejecting it heals. */
export interface Ailment {
  readonly errors?: number;
  readonly addedMs?: number;
  readonly replica?: boolean;
  /** Heals only by halves: retries off and a rate limit at the entry take one half each. */
  readonly collapse?: boolean;
}

/** The shop on a clock of its own: Poisson traffic, ailments set by the test or by faults, and what mitigations do about them. */
export interface ShopWorld extends FaultableWorld {
  readonly ailments: Map<ServiceId, Ailment>;
  rate: number;
  /** Callers whose proxies are not heard. */
  readonly silent: Set<string>;
  /** The next window, given to everybody who observes; resolves when pending promises had their turn. */
  tick(): Promise<Snapshot>;
  /** Every apply so far, oldest first. */
  readonly applied: MitigationLease[];
  /** Good answers so far ÷ offered so far, since {@link ShopWorld.count} was last reset. */
  count: { good: number; offered: number };
}

export function createShopWorld(seed: number, name: 'shadow' | 'simulation' = 'simulation'): ShopWorld {
  const topology = shop();
  const start = 1_000_000;
  const traffic = createTraffic(topology, seed, { start });
  const leases = new Map<string, Lease>();
  const ailments = new Map<ServiceId, Ailment>();
  const applied: MitigationLease[] = [];
  const queues = new Set<(s: Snapshot) => void>();
  const sleepers = new Set<{ until: number; wake: () => void }>();
  let now = start;
  let latest: Snapshot | undefined;

  const clock: Clock = {
    now: () => now,
    sleep: (ms) => new Promise((resolve) => sleepers.add({ until: now + ms, wake: resolve })),
  };

  function inForce(): Lease[] {
    for (const [id, l] of leases) if (l.expiresAt <= now) leases.delete(id);
    return [...leases.values()];
  }

  function ailing(): Map<ServiceId, Ailment> {
    const all = new Map(ailments);
    for (const l of inForce()) {
      if (l.type !== 'fault' || !('service' in l.fault.target)) continue;
      const { service, replica } = l.fault.target;
      const one = replica === undefined ? {} : { replica: true };
      const part = replica === undefined ? l.fault.share : l.fault.share * 0.5;
      if (l.fault.kind === 'latency') all.set(service, { addedMs: l.fault.magnitude * 2000, ...one });
      else all.set(service, { errors: l.fault.magnitude < 0.2 ? 0 : part, ...one });
    }
    return all;
  }

  function troubles(): Record<EdgeId, Trouble> {
    const out: Record<EdgeId, Trouble> = {};
    const mitigations = inForce().filter((l) => l.type === 'mitigation');
    const has = (kind: MitigationKind, edge: EdgeId) =>
      mitigations.find(
        (l) => l.mitigation.kind === kind && 'edge' in l.mitigation.target && l.mitigation.target.edge === edge,
      );
    const away = has('failover', 'web>pay')?.mitigation.strength === 1;
    for (const [service, a] of ailing())
      for (const edge of Object.values(topology.edges).filter((e) => e.callee === service)) {
        let errors = a.errors ?? 0;
        let addedMs = a.addedMs ?? 0;
        const failover = has('failover', edge.id)?.mitigation.strength ?? 0;
        if (topology.services[service]?.failover) {
          errors *= 1 - failover;
          addedMs *= failover >= 1 ? 0 : 1;
        }
        if (a.replica && has('outlier-detection', edge.id)) errors = addedMs = 0;
        const retry = has('retry', edge.id)?.mitigation.strength;
        if (!a.collapse && retry) errors **= 1 + retry;
        if (a.collapse && retry === 0) errors /= 2;
        if (a.collapse && has('rate-limit', topology.entry)) errors /= 2;
        if (a.collapse && errors <= (a.errors ?? 0) / 4) errors = 0;
        out[edge.id] = { http5xx: Math.max(0.002, errors), addedMs };
        // pay has nothing to answer where the bank gave nothing.
        if (edge.caller === 'pay') out['web>pay'] = away ? {} : { ...out[edge.id], ...out['web>pay'] };
      }
    const limit = mitigations.find(
      (l) =>
        l.mitigation.kind === 'rate-limit' &&
        'edge' in l.mitigation.target &&
        l.mitigation.target.edge === topology.entry,
    );
    if (limit && 'edge' in limit.setting) {
      const most = limit.setting.change.rateLimit ?? Number.POSITIVE_INFINITY;
      out[topology.entry] = { ...out[topology.entry], shed: Math.max(0, 1 - most / world.rate) };
    }
    // Refusing at the door by how many fail behind it hurts those who would have been served.
    const refusing = has('admission-control', topology.entry)?.mitigation.strength ?? 0;
    if (refusing > 0) {
      const before = out[topology.entry];
      out[topology.entry] = { ...before, shed: Math.max(before?.shed ?? 0, 0.6 * refusing) };
    }
    return out;
  }

  const world: ShopWorld = {
    [faultable]: true,
    name,
    topology,
    clock,
    ailments,
    rate: 25,
    silent: new Set(),
    applied,
    count: { good: 0, offered: 0 },
    capabilities: () => ({
      mitigations: new Set(Object.keys(mitigationKinds) as MitigationKind[]),
      faults: new Set(Object.keys(faultKinds) as FaultKind[]),
      missing: {},
    }),
    latest: () => latest,
    async *observe(signal) {
      const queue: Snapshot[] = [];
      let wake: (() => void) | undefined;
      const take = (s: Snapshot) => {
        queue.push(s);
        wake?.();
      };
      signal?.addEventListener('abort', () => wake?.());
      queues.add(take);
      try {
        while (!signal?.aborted) {
          const s = queue.shift();
          if (s) yield s;
          else
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
        }
      } finally {
        queues.delete(take);
      }
    },
    async apply(lease) {
      leases.set(lease.id, lease);
      applied.push(lease);
      return { state: 'effective', at: now, proxies: ['web-0', 'web-1'] };
    },
    async remove(id) {
      leases.delete(id);
    },
    renew(id, expiresAt) {
      const lease = leases.get(id);
      if (lease?.type === 'mitigation') leases.set(id, { ...lease, expiresAt });
    },
    leases: inForce,
    health: () => ({ ready: true, notes: [] }),
    async inject(lease: FaultLease) {
      leases.set(lease.id, lease);
      return { state: 'effective', at: now, proxies: ['pay-0'] };
    },
    async snapshotState() {},
    async resetState() {},
    async tick() {
      now += 1000;
      const whole = traffic.next(world.rate, troubles());
      const snapshot = world.silent.size > 0 ? silenced(whole, ...world.silent) : whole;
      latest = snapshot;
      world.count.good += whole.entry.good;
      world.count.offered += whole.entry.offered;
      for (const s of [...sleepers])
        if (s.until <= now) {
          sleepers.delete(s);
          s.wake();
        }
      for (const take of queues) take(snapshot);
      await new Promise((resolve) => setImmediate(resolve));
      return snapshot;
    },
  };
  return world;
}
