import type { Trouble } from './trouble.ts';

/** A crash loop: healthy when it starts, dead as soon as it is used. */
export const replicaCrash: Trouble = {
  name: 'replica-crash',
  about: 'one replica of the catalog dies at its third request, is started again, and dies again',
  apply: (victim) => victim.afflict('catalog', [0], { crash: { afterRequests: 3, dyingMs: 0 } }),
};
