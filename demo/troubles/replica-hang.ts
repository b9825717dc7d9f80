import type { Trouble } from './trouble.ts';

/** The other grey failure: users who are sent to it wait until a proxy gives up. */
export const replicaHang: Trouble = {
  name: 'replica-hang',
  about: 'one replica of the storefront takes requests and never answers, while its health check is fine',
  apply: (victim) => victim.afflict('storefront', [1], { hang: true }),
};
