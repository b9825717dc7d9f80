import { normal, pareto, seedRandom, uniform } from '../lib/random';
import { seedOf } from './match';
import * as state from './state';
import { Fault } from './state';

/** The longest delay, ms. */
export const MOST_DELAY: f64 = 60000;

/** This request's delay in ms, 0..60000. */
export function drawDelay(f: Fault, number: u64): f64 {
  if (f.delay == 0) return 0;
  seedRandom(seedOf(f, number, 1));
  let ms = f.delayMs;
  if (f.delay == state.DELAY_UNIFORM) ms += (uniform() * 2 - 1) * f.spread;
  else if (f.delay == state.DELAY_NORMAL) ms += normal() * f.spread;
  else if (f.delay == state.DELAY_PARETO) ms *= pareto(f.spread);
  else if (f.delay == state.DELAY_TABLE) {
    const at = uniform() * <f64>(f.tableLength - 1);
    const i = <u32>at;
    const low = load<f64>(f.table + ((<usize>i) << 3));
    const high = load<f64>(f.table + ((<usize>(i + 1)) << 3));
    ms = low + (high - low) * (at - <f64>i);
  }
  return ms > MOST_DELAY ? MOST_DELAY : ms > 0 ? ms : 0;
}
