import { join } from 'node:path';
import { Journal } from './journal.ts';
import { type Line, linesOf } from './lines.ts';
import { objectOf, Refusal, type ServiceDefinition } from './service.ts';

/** One reservation as written down. */
export interface ReservationRecord {
  readonly key: string;
  readonly order: string;
  readonly lines: readonly Line[];
}

/** The file in the data folder. */
export const RESERVATIONS = 'reservations.jsonl';
const MAX_KEPT = 20_000;

/** Stock, one replica, never short. The same key twice reserves once and answers the first order's id. */
export const inventory: ServiceDefinition = {
  workers: 4,
  queue: 32,
  work: { meanMs: 3, rounds: 8 },
  start: ({ data }) => {
    const byKey = new Map<string, ReservationRecord>();
    const byOrder = new Map<string, ReservationRecord>();
    const journal = new Journal<ReservationRecord>(
      join(data, RESERVATIONS),
      () => {
        byKey.clear();
        byOrder.clear();
      },
      (record) => {
        byKey.set(record.key, record);
        byOrder.set(record.order, record);
        if (byKey.size > MAX_KEPT) {
          const oldest = byKey.values().next().value!;
          byKey.delete(oldest.key);
          byOrder.delete(oldest.order);
        }
      },
    );
    return {
      'POST /reservations': ({ body }) => {
        const { key, order, lines } = objectOf(body);
        if (typeof key !== 'string' || typeof order !== 'string') throw new Refusal(400, 'key and order are needed');
        journal.refresh();
        const before = byKey.get(key);
        if (!before) journal.append({ key, order, lines: linesOf(lines) });
        return { status: before ? 200 : 201, body: { order: before?.order ?? order } };
      },
      'GET /reservations/:order': ({ params }) => {
        journal.refresh();
        const record = byOrder.get(params.order!);
        if (!record) throw new Refusal(404, `no order ${params.order}`);
        return { status: 200, body: { order: record.order, lines: record.lines } };
      },
    };
  },
};
