import type { Clock } from '../mesh/clock.ts';
import { UmbraError } from '../mesh/errors.ts';
import type { MitigationLease } from '../mesh/lease.ts';
import { describeMitigation, type Mitigation } from '../mesh/mitigation.ts';
import type { Decision, Override, OverrideOrder } from '../mesh/record.ts';
import { resolve } from '../mesh/resolve.ts';
import type { HealthyState } from '../mesh/snapshot.ts';
import { problemText, type StoreProblem } from '../mesh/store.ts';
import { strengthProblem } from '../mesh/strength.ts';
import type { World } from '../mesh/world.ts';
import type { Audit } from './audit.ts';
import type { DecisionLog } from './decisions.ts';
import type { IncidentBook } from './incidents.ts';
import type { Overrides } from './overrides.ts';
import type { GuardianEvent } from './ports.ts';
import type { Proposals } from './proposals.ts';
import type { Trials } from './trials.ts';

/** An order as it comes in. */
export interface OverrideRequest {
  readonly order: OverrideOrder;
  readonly by: string;
  readonly reason: string;
  /** How long it stands. */
  readonly ttlMs: number;
}

/** Carries the operator's orders out: at once, audited, and expiring. */
export interface Operator {
  /** @throws UmbraError UMB0701, UMB0702; nothing is then in force */
  override(request: OverrideRequest): Promise<Override>;
  /** @throws UmbraError UMB0702 */
  cancel(id: string, by: string): Promise<void>;
  /** Ends what has expired. */
  expire(): Promise<void>;
}

export function createOperator(options: {
  readonly world: World;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly overrides: Overrides;
  readonly book: IncidentBook;
  readonly log: DecisionLog;
  readonly decisions: { list(options: { limit: number }): Decision[] };
  readonly trials: Trials;
  readonly proposals: Proposals;
  readonly emit: (event: GuardianEvent) => void;
  /** A mitigation was undone that users may still need. */
  readonly onLost: () => void;
  readonly healthy: () => HealthyState;
  readonly storeProblem: () => StoreProblem | undefined;
}): Operator {
  const { world, clock, audit, overrides, book, trials, emit } = options;
  const pinLease = (override: string) => `pin-${override}`;

  /** Applied before it is kept: an order that cannot be carried out is not in force. */
  async function pin(m: Mitigation, request: OverrideRequest): Promise<Override> {
    const text = describeMitigation(m);
    const able = world.capabilities();
    if (!able.mitigations.has(m.kind))
      throw new UmbraError('UMB0701', able.missing[m.kind] ?? `${m.kind} is not possible`);
    const setting = strengthProblem(m, world.topology) ?? resolve(m, world.topology, options.healthy());
    if (typeof setting === 'string') throw new UmbraError('UMB0701', `${text}: ${setting}`);
    const override = overrides.add(request.order, request.by, request.reason, request.ttlMs);
    const lease: MitigationLease = {
      type: 'mitigation',
      id: pinLease(override.id),
      owner: 'operator',
      reason: request.reason,
      createdAt: clock.now(),
      expiresAt: override.expiresAt,
      mitigation: m,
      setting,
    };
    const result = await world.apply(lease);
    if (result.state === 'refused') {
      overrides.cancel(override.id);
      await world.remove(lease.id);
      throw new UmbraError('UMB0701', `${text}: ${result.reason}`);
    }
    emit({ type: 'leases', world: 'production' });
    return override;
  }

  /** The same mitigation does not come back while the order stands: an undo that has to be repeated is none. */
  async function undo(leaseId: string, request: OverrideRequest): Promise<Override> {
    const lease = world.leases().find((l) => l.id === leaseId) ?? trials.away(leaseId);
    if (lease?.type !== 'mitigation') throw new UmbraError('UMB0702', `no mitigation ${leaseId} is in force`);
    const { mitigation, owner } = lease;
    const target = 'edge' in mitigation.target ? mitigation.target.edge : mitigation.target.service;
    const override = overrides.once(request.order, request.by, request.reason, request.ttlMs);
    if (owner === 'operator') {
      const pinned = overrides.active().find((o) => pinLease(o.id) === leaseId);
      if (pinned) overrides.cancel(pinned.id);
    } else {
      const what = `${mitigation.kind}@${target}`;
      overrides.add({ type: 'forbid', what }, request.by, `undone: ${request.reason}`, request.ttlMs);
    }
    trials.undone(lease);
    options.onLost();
    markUndone(describeMitigation(mitigation), request.by);
    book.change((i) => {
      i.undone++;
      i.plan = i.plan.filter((m) => describeMitigation(m) !== describeMitigation(mitigation));
      i.notes = [...i.notes, `${request.by} undid ${describeMitigation(mitigation)}`];
    });
    await world.remove(leaseId);
    emit({ type: 'leases', world: 'production' });
    return override;
  }

  function markUndone(text: string, by: string): void {
    const decision = options.decisions
      .list({ limit: 200 })
      .find(
        (d) => d.world === 'production' && d.action.do === 'apply' && describeMitigation(d.action.mitigation) === text,
      );
    if (!decision?.outcome || decision.outcome.verdict === 'undone-by-operator') return;
    const note = `undone by ${by}`;
    decision.outcome = { ...decision.outcome, verdict: 'undone-by-operator', at: clock.now(), note };
    options.log.keep(decision);
  }

  async function carry(request: OverrideRequest): Promise<Override> {
    const { order, by, reason, ttlMs } = request;
    switch (order.type) {
      case 'pin':
        return pin(order.mitigation, request);
      case 'undo':
        return undo(order.lease, request);
      case 'approve': {
        const override = overrides.once(order, by, reason, ttlMs);
        options.proposals.approve(order.decision, by);
        return override;
      }
      default:
        return overrides.add(order, by, reason, ttlMs);
    }
  }

  return {
    async override(request) {
      const override = await carry(request);
      const { type, ...subject } = request.order;
      const detail = { id: override.id, reason: request.reason, expiresAt: override.expiresAt };
      audit(request.by, type, subjectText(subject), detail);
      emit({ type: 'overrides' });
      const problem = options.storeProblem();
      return problem ? { ...override, note: `it counts now, but ${problemText(problem)}` } : override;
    },
    async cancel(id, by) {
      const override = overrides.cancel(id);
      if (override.order.type === 'pin') await world.remove(pinLease(id));
      audit(by, 'cancel', id, { order: override.order });
      emit({ type: 'overrides' });
    },
    async expire() {
      for (const override of overrides.expire()) {
        if (override.order.type === 'pin') await world.remove(pinLease(override.id));
        audit('clock', 'expired', override.id, { order: override.order });
        emit({ type: 'overrides' });
      }
    },
  };
}

/** What an order is about, in one word or two. */
function subjectText(subject: Record<string, unknown>): string {
  const value = Object.values(subject)[0];
  if (value === undefined) return 'everything';
  return typeof value === 'string' ? Object.values(subject).join(' → ') : describeMitigation(value as Mitigation);
}
