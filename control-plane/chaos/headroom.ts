/** From here on a busy machine asks for less, down to nothing at {@link FULL}. */
const BUSY = 0.7;
const FULL = 0.98;

/**
 * 0..1: how much of what may be done in the shadow the machine has room for.
 * @param busy 0..1, the share of the machine in use by what does not give way to production; unknown asks for nothing
 */
export function headroom(busy: number | undefined): number {
  return Math.min(1, Math.max(0, (FULL - (busy ?? 0)) / (FULL - BUSY)));
}
