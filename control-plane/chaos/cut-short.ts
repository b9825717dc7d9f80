import type { Fault } from '../mesh/fault.ts';
import type { Store } from '../mesh/store.ts';

/** Newest episodes that are looked through; a control plane that dies leaves one behind. */
const LOOKED_THROUGH = 50;

/**
 * Ends, in the records, the episodes that a control plane's death cut short. Their faults are booked as long as they may have
 * stood, which their lease bounds; one that was booked before the death is not booked again.
 */
export function endCutShort(
  store: Pick<Store, 'episodes' | 'ledger'>,
  now: number,
  book: (id: string, fault: Fault, from: number, to: number) => void,
): void {
  for (const e of store.episodes.list({ limit: LOOKED_THROUGH })) {
    if (e.endedAt !== undefined) continue;
    const booked = store.ledger.list({ since: e.startedAt }).some((line) => line.episode === e.id);
    if (!booked) book(e.id, e.fault, e.startedAt, Math.min(now, e.startedAt + e.fault.durationMs));
    store.episodes.put({ ...e, endedAt: now, invalid: 'cut short by a restart' });
  }
}
