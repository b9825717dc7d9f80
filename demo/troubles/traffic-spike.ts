import type { Trouble } from './trouble.ts';

/** Load beyond capacity: those who buy wait behind those who look. */
export const trafficSpike: Trouble = {
  name: 'traffic-spike',
  about: 'a crowd that only looks around sends ten times what users send, more than the storefront can carry',
  apply: (victim) => victim.multiplyLoad(10),
};
