import type { Trouble } from './trouble.ts';

/** Really burnt: it takes the processor from its neighbours as well. */
export const cpuBurn: Trouble = {
  name: 'cpu-burn',
  about: 'one replica of the storefront keeps its processor busy; what is sent to it comes late or not at all',
  apply: (victim) => victim.afflict('storefront', [0], { burn: { busyMs: 1500, freeMs: 10 } }),
};
