import type { Trouble } from './trouble.ts';

/** A grey failure: health checks see nothing, and a balancer that prefers the quick sends it more than its share. */
export const badReplica: Trouble = {
  name: 'bad-replica',
  about: 'one replica of the storefront answers everything with 500 at once, while its health check is fine',
  apply: (victim) => victim.afflict('storefront', [1], { errorShare: 1 }),
};
