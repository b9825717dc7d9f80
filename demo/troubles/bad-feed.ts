import { type Trouble, together } from './trouble.ts';

/** No single change heals it: what stands by is hurt too. */
export const badFeed: Trouble = {
  name: 'bad-feed',
  about:
    'every replica of the catalog fails on a corrupt feed; its standby has a part of it and fails four times in ten',
  apply: (victim) =>
    together([
      victim.afflict('catalog', 'all', { errorShare: 1 }),
      victim.afflict('catalog-standby', 'all', { errorShare: 0.4 }),
    ]),
};
