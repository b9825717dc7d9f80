import type { Clock } from '../mesh/clock.ts';
import { isOwn, type MitigationLease } from '../mesh/lease.ts';
import { describeMitigation } from '../mesh/mitigation.ts';
import type { World } from '../mesh/world.ts';
import { type Audit, GUARDIAN } from './audit.ts';
import type { IncidentBook } from './incidents.ts';
import type { Overrides } from './overrides.ts';

/** Bounds what nobody takes back: what a lost control plane leaves behind, or a mode that leaves it to the operator. */
export const LEASE_MS = 12 * 3600_000;
/** With less than this left a lease is renewed. */
const RENEW_BELOW_MS = LEASE_MS / 2;

/**
 * The terms of the guardian's leases: renewed as long as the guardian would take them back itself once they are not needed (in mode
 * `approve`: while users suffer, since then it has not asked yet), and noticed when one ends all the same.
 */
export interface Terms {
  /** Once a window. What is not renewed is left to end. */
  keep(): void;
}

export function createTerms(options: {
  readonly world: Pick<World, 'leases' | 'renew'>;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly book: Pick<IncidentBook, 'change' | 'current'>;
  readonly overrides: Pick<Overrides, 'forbids' | 'modeFor'>;
  /** One ended that users may still need. */
  readonly onLost: () => void;
}): Terms {
  const { world, clock, audit, book, overrides } = options;
  /** Own leases in the window before; undefined before the first. */
  let known: readonly MitigationLease[] | undefined;

  function renewable({ mitigation }: MitigationLease): boolean {
    if (overrides.forbids(mitigation) !== undefined) return false;
    const mode = overrides.modeFor(mitigation);
    return mode === 'auto' || (mode === 'approve' && book.current()?.state === 'open');
  }

  function lost(text: string, note: string): void {
    book.change((i) => {
      i.plan = i.plan.filter((m) => describeMitigation(m) !== text);
      i.notes = [...i.notes, note];
    });
    options.onLost();
  }

  /** The control plane died while it was away for a probe, or was not there when its lease ended. */
  function goneSince(own: readonly MitigationLease[]): void {
    const texts = new Set(own.map((l) => describeMitigation(l.mitigation)));
    for (const text of (book.current()?.plan ?? []).map(describeMitigation)) {
      if (texts.has(text)) continue;
      audit(GUARDIAN, 'gone', text, { incident: book.current()?.id });
      lost(text, `${text} was no longer in force when the control plane came back`);
    }
  }

  return {
    keep() {
      const now = clock.now();
      const own = world.leases().filter(isOwn);
      const ids = new Set(own.map((l) => l.id));
      if (!known) goneSince(own);
      for (const { id, mitigation, expiresAt } of known ?? []) {
        if (ids.has(id) || expiresAt > now) continue;
        const text = describeMitigation(mitigation);
        audit('clock', 'expired', text, { lease: id });
        lost(text, `${text} came to the end of its lease`);
      }
      for (const lease of own) {
        const { id, mitigation, expiresAt } = lease;
        if (expiresAt - now >= RENEW_BELOW_MS || !renewable(lease)) continue;
        world.renew(id, now + LEASE_MS);
        audit(GUARDIAN, 'renew', describeMitigation(mitigation), { lease: id, expiresAt: now + LEASE_MS });
      }
      known = world.leases().filter(isOwn);
    },
  };
}
