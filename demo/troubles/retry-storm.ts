import type { Trouble } from './trouble.ts';

/**
 * A metastable collapse. While nobody waits, payments can carry the load; once its queue is full of requests that were given
 * up, it works for nobody, and every request comes three times. The stall is over; the collapse stays.
 */
export const retryStorm: Trouble = {
  name: 'retry-storm',
  about:
    'payments takes longer the more wait for it; after a stall of five seconds the retries of checkout keep it down',
  apply: (victim) =>
    victim.afflict('payments', 'all', {
      contention: { baseMs: 30, perWaitingMs: 12, maxMs: 270 },
      stallMs: 5000,
    }),
};
