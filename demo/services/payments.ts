import { join } from 'node:path';
import { newId } from './ids.ts';
import { Journal } from './journal.ts';
import { objectOf, PROVIDER, Refusal, type ServiceDefinition } from './service.ts';

/** One payment as written down. */
export interface PaymentRecord {
  readonly payment: string;
  readonly order: string;
  readonly key: string;
  readonly amount: number;
}

/** The file in the data folder. */
export const PAYMENTS = 'payments.jsonl';

/** Charges the card at the provider, which takes the same key only once, and writes the payment down. */
export const payments: ServiceDefinition = {
  workers: 4,
  queue: 64,
  work: { meanMs: 5, rounds: 8 },
  start: ({ data, peer }) => {
    const provider = peer(PROVIDER);
    const journal = new Journal<PaymentRecord>(
      join(data, PAYMENTS),
      () => {},
      () => {},
    );
    return {
      'POST /payments': async ({ body, headers }) => {
        const { order, amount, card } = objectOf(body);
        const key = headers['idempotency-key'];
        if (typeof order !== 'string' || !Number.isInteger(amount) || typeof key !== 'string')
          throw new Refusal(400, 'order, amount and an idempotency-key are needed');
        const answer = await provider.call('/charges', {
          method: 'POST',
          headers: { 'idempotency-key': key },
          body: { amount, card, reference: order },
        });
        if (answer.status === 402) throw new Refusal(402, 'the card was declined');
        if (answer.status >= 400) throw new Refusal(502, `the provider answered ${answer.status}`);
        const payment = newId('pay');
        journal.append({ payment, order, key, amount: amount as number });
        return { status: 201, body: { payment } };
      },
    };
  },
};
