import type { Pattern } from '../../control-plane/mesh/record.ts';

/** A candidate that healed once. */
export const examplePattern = (more: Partial<Pattern>): Pattern => ({
  id: 'p',
  signature: 'origin=cart slow',
  plan: [{ kind: 'scale', target: { service: 'cart' }, strength: 1 }],
  trials: 1,
  successes: 1,
  controls: 0,
  controlFailed: 0,
  interval: [0.2, 0.9],
  gain: 0.4,
  cost: 0.02,
  firstSeen: 1,
  lastSeen: 1,
  faults: [],
  status: 'candidate',
  ...more,
});
