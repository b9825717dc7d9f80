import type { Clock } from '../mesh/clock.ts';
import { UmbraError } from '../mesh/errors.ts';
import { type Mitigation, mitigationKinds } from '../mesh/mitigation.ts';
import type { Mode, Override, OverrideOrder } from '../mesh/record.ts';
import type { Store } from '../mesh/store.ts';
import type { ServiceId, Topology } from '../mesh/topology.ts';
import { servicesOf } from './masks.ts';

const strictness: Record<Mode, number> = { off: 0, observe: 1, approve: 2, auto: 3 };

/** The longest an order may stand, 30 days: whatever is forgotten ends. */
export const MAX_TTL_MS = 30 * 24 * 3600_000;

/** Standing orders of the operator: kept in the store, expiring, read at every decision. */
export interface Overrides {
  /** Keeps a standing order. @throws UmbraError UMB0701 where it names what there is not or has no sensible duration */
  add(order: OverrideOrder, by: string, reason: string, ttlMs: number): Override;
  /** An order that is carried out once and does not stand (undo, approve). @throws as {@link add} */
  once(order: OverrideOrder, by: string, reason: string, ttlMs: number): Override;
  /** @throws UmbraError UMB0702 where there is none of that id */
  cancel(id: string): Override;
  /** Those that have not expired, newest first. */
  active(): readonly Override[];
  /** Takes out what has expired and returns it. */
  expire(): Override[];
  /** Why nothing may be changed on these services, or undefined. */
  frozen(services: readonly ServiceId[]): string | undefined;
  /** The strictest mode of the services, orders applied. */
  modeOf(services: readonly ServiceId[]): Mode;
  /** Why the operator does not want this mitigation, or undefined. */
  forbids(m: Mitigation): string | undefined;
  /** The strictest mode of the services a mitigation acts on. */
  modeFor(m: Mitigation): Mode;
  /** Why nothing may be taken back or put back where this mitigation acts, asked for or not (a freeze, mode `off` or `observe`), or undefined. */
  holds(m: Mitigation): string | undefined;
}

export function createOverrides(options: {
  readonly store: Pick<Store, 'overrides'>;
  readonly clock: Clock;
  readonly topology: Topology;
  /** The mode a service has with no order: its document's. */
  readonly modeOf: (service: ServiceId) => Mode;
}): Overrides {
  const { store, clock, topology } = options;
  let serial = 0;
  // Read once and kept in step: decisions ask many times a window.
  let standing = store.overrides.list().filter((o) => o.expiresAt > clock.now());

  function make(order: OverrideOrder, by: string, reason: string, ttlMs: number): Override {
    const problem = problemOf(order, topology);
    if (problem) throw new UmbraError('UMB0701', problem);
    if (!Number.isFinite(ttlMs) || ttlMs <= 0 || ttlMs > MAX_TTL_MS)
      throw new UmbraError('UMB0701', `an order stands for more than 0 and at most ${MAX_TTL_MS} ms, not ${ttlMs}`);
    const now = clock.now();
    return { id: `o-${now.toString(36)}-${++serial}`, order, by, reason, createdAt: now, expiresAt: now + ttlMs };
  }

  const active = () => standing.filter((o) => o.expiresAt > clock.now());

  const frozen: Overrides['frozen'] = (services) => {
    for (const { order, by } of active())
      if (order.type === 'freeze' && (order.service === undefined || services.includes(order.service)))
        return `${order.service ?? 'everything'} is frozen by ${by}`;
    return undefined;
  };

  const modeOf: Overrides['modeOf'] = (services) => {
    const orders = active();
    let strictest: Mode = 'auto';
    for (const service of services) {
      const order = orders.find((o) => o.order.type === 'mode' && o.order.service === service)?.order;
      const mode = order?.type === 'mode' ? order.mode : options.modeOf(service);
      if (strictness[mode] < strictness[strictest]) strictest = mode;
    }
    return strictest;
  };

  return {
    add(order, by, reason, ttlMs) {
      const made = make(order, by, reason, ttlMs);
      store.overrides.put(made);
      standing = [made, ...standing];
      return made;
    },
    once: make,
    cancel(id) {
      const found = active().find((o) => o.id === id);
      if (!found) throw new UmbraError('UMB0702', `no standing order ${id}`);
      store.overrides.delete(id);
      standing = standing.filter((o) => o.id !== id);
      return found;
    },
    active,
    expire() {
      const now = clock.now();
      const ended = standing.filter((o) => o.expiresAt <= now);
      if (ended.length === 0) return ended;
      for (const o of ended) store.overrides.delete(o.id);
      standing = standing.filter((o) => o.expiresAt > now);
      return ended;
    },
    frozen,
    modeOf,
    forbids(m) {
      const target = 'edge' in m.target ? m.target.edge : m.target.service;
      for (const { order, by } of active())
        if (order.type === 'forbid' && (order.what === m.kind || order.what === `${m.kind}@${target}`))
          return `${order.what} is forbidden by ${by}`;
      return undefined;
    },
    modeFor: (m) => modeOf(servicesOf(m, topology)),
    holds(m) {
      const services = servicesOf(m, topology);
      const mode = modeOf(services);
      const closed = mode === 'off' || mode === 'observe' ? `mode ${mode} for ${services.join(', ')}` : undefined;
      return frozen(services) ?? closed;
    },
  };
}

/** Why an order cannot be carried out in this application, or undefined. */
function problemOf(order: OverrideOrder, topology: Topology): string | undefined {
  const known = (service: ServiceId) => (topology.services[service] ? undefined : `there is no service ${service}`);
  switch (order.type) {
    case 'freeze':
      return order.service === undefined ? undefined : known(order.service);
    case 'mode':
      return strictness[order.mode] === undefined ? `there is no mode ${order.mode}` : known(order.service);
    case 'forbid': {
      const [kind, ...rest] = order.what.split('@');
      if (!kind || !(kind in mitigationKinds)) return `there is no mitigation ${kind}`;
      const target = rest.join('@');
      if (rest.length > 0 && !(target in topology.edges) && !(target in topology.services))
        return `there is no edge or service ${target}`;
      return undefined;
    }
    default:
      return undefined;
  }
}
