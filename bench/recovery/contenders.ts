import type { Mitigation } from '../../control-plane/mesh/mitigation.ts';
import type { Umbra } from './umbra.ts';

/** Who meets the trouble. Each run puts one in place and takes it away again. */
export const contenders = ['umbra', 'none', 'fixed', 'random'] as const;
export type Contender = (typeof contenders)[number];

/**
 * Puts a contender in place: `umbra` as it is; `none` frozen, nothing is done; `fixed` frozen with the best fixed configuration
 * pinned; `random` with mitigations of the same catalogue in random order, verified and undone by the same guardian.
 * Resolves with the number of pins.
 */
export async function place(umbra: Umbra, who: Contender, fixed: readonly Mitigation[]): Promise<number> {
  await umbra.cancelAll();
  await umbra.decider(who === 'random' ? 'random' : 'learned');
  if (who === 'none' || who === 'fixed') await umbra.order({ type: 'freeze' });
  if (who !== 'fixed') return 0;
  let pins = 0;
  for (const mitigation of fixed) {
    // What the floors refuse for an edge is not part of what can be had.
    await umbra.order({ type: 'pin', mitigation }).then(
      () => pins++,
      () => undefined,
    );
  }
  return pins;
}
