import type { Trouble } from './trouble.ts';

/** A grey failure: whoever watches processes sees nothing. */
export const replicaHang: Trouble = {
  name: 'replica-hang',
  about: 'one replica of payments takes requests and never answers, while its health check is fine',
  apply: (victim) => victim.afflict('payments', [1], { hang: true }),
};
