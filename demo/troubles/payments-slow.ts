import type { Trouble } from './trouble.ts';

/** A slow dependency. The storefront's workers wait for it too, so that it drags down what has nothing to do with it. */
export const paymentsSlow: Trouble = {
  name: 'payments-slow',
  about: 'payments takes two seconds longer for every payment, in all its replicas; checkout gives up before',
  apply: (victim) => victim.afflict('payments', 'all', { delayMs: 2000 }),
};
