import type { Trouble } from './trouble.ts';

/** Slow first, dead then. */
export const memoryLeak: Trouble = {
  name: 'memory-leak',
  about: 'the catalog keeps 25 MB/s that it never frees, gets slower with it, dies at 420 MB, and begins again',
  apply: (victim) => victim.afflict('catalog', 'all', { leak: { mbPerSecond: 25, msPerMb: 6, limitMb: 420 } }),
};
