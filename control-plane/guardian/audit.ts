import type { Clock } from '../mesh/clock.ts';
import type { AuditEntry } from '../mesh/record.ts';
import type { Store } from '../mesh/store.ts';

/** Writes one line of the append-only audit log. */
export type Audit = (by: string, action: string, subject: string, detail?: unknown) => AuditEntry;

/** `by` of what the guardian did itself. */
export const GUARDIAN = 'guardian';

export function createAudit(store: Pick<Store, 'audit'>, clock: Clock, onEntry?: (entry: AuditEntry) => void): Audit {
  return (by, action, subject, detail = null) => {
    const entry = store.audit.append({ at: clock.now(), by, action, subject, detail });
    onEntry?.(entry);
    return entry;
  };
}
