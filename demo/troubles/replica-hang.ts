import type { Trouble } from './trouble.ts';

/** A grey failure: whoever watches processes sees nothing. */
export const replicaHang: Trouble = {
  name: 'replica-hang',
  about: 'one replica of checkout takes requests and never answers, while its health check is fine',
  apply: (victim) => victim.afflict('checkout', [1], { hang: true }),
};
