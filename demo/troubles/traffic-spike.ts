import type { Trouble } from './trouble.ts';

/** Load beyond capacity: those who buy wait behind those who look. */
export const trafficSpike: Trouble = {
  name: 'traffic-spike',
  about: 'a crowd that only searches sends six times what users send, more than the catalog can carry',
  apply: (victim) => victim.multiplyLoad(6),
};
