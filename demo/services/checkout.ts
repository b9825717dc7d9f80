import { join } from 'node:path';
import { newId } from './ids.ts';
import { Journal } from './journal.ts';
import { type Line, linesOf } from './lines.ts';
import { objectOf, Refusal, type ServiceDefinition } from './service.ts';

/** One order as written down. */
export interface OrderRecord {
  readonly order: string;
  readonly key: string;
  readonly session: string;
  readonly amount: number;
  readonly lines: readonly Line[];
}

/** The file in the data folder. */
export const ORDERS = 'orders.jsonl';

/** Reserves, charges, writes the order down. Sending the same idempotency-key again gives the same order. */
export const checkout: ServiceDefinition = {
  workers: 6,
  queue: 32,
  work: { meanMs: 4, rounds: 8 },
  start: ({ data, peer }) => {
    const inventory = peer('inventory');
    const payments = peer('payments');
    const orders = new Map<string, OrderRecord>();
    const journal = new Journal<OrderRecord>(
      join(data, ORDERS),
      () => orders.clear(),
      (record) => {
        orders.set(record.key, record);
        if (orders.size > 20_000) orders.delete(orders.keys().next().value!);
      },
    );
    return {
      'POST /orders': async ({ body, headers }) => {
        const { session, lines: given, card } = objectOf(body);
        const key = headers['idempotency-key'];
        if (typeof key !== 'string' || key === '') throw new Refusal(400, 'an idempotency-key is needed');
        if (typeof session !== 'string') throw new Refusal(401, 'no session');
        journal.refresh();
        const before = orders.get(key);
        if (before) return { status: 200, body: shown(before) };
        const lines = linesOf(given);
        const amount = lines.reduce((sum, line) => sum + line.quantity * 1000, 0);
        const reserved = await inventory.call('/reservations', {
          method: 'POST',
          headers: { 'idempotency-key': key },
          body: { key, order: newId('ord'), lines },
        });
        if (reserved.status >= 400) throw new Refusal(502, `inventory answered ${reserved.status}`);
        const order = String(objectOf(reserved.body).order);
        const paid = await payments.call('/payments', {
          method: 'POST',
          headers: { 'idempotency-key': key },
          body: { order, amount, card },
        });
        if (paid.status === 402) throw new Refusal(402, 'the card was declined');
        if (paid.status >= 400) throw new Refusal(502, `payments answered ${paid.status}`);
        const record: OrderRecord = { order, key, session, amount, lines };
        // A second attempt may have come in between.
        journal.refresh();
        if (!orders.has(key)) journal.append(record);
        return { status: 201, body: shown(record) };
      },
      'GET /orders/:order': async ({ params }) => {
        const found = await inventory.call(`/reservations/${params.order}`);
        if (found.status === 404) throw new Refusal(404, `no order ${params.order}`);
        if (found.status >= 400) throw new Refusal(502, `inventory answered ${found.status}`);
        return { status: 200, body: { orderId: params.order, lines: objectOf(found.body).lines } };
      },
    };
  },
};

function shown(record: OrderRecord): unknown {
  return { orderId: record.order, amount: record.amount };
}
