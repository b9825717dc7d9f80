import type { Trouble } from './trouble.ts';

/** Fast failures. */
export const errorBurst: Trouble = {
  name: 'error-burst',
  about: 'the catalog answers nine requests in ten with 500, in all its replicas',
  apply: (victim) => victim.afflict('catalog', 'all', { errorShare: 0.9 }),
};
