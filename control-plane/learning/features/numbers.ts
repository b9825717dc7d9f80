/** Helpers that keep features finite and bounded whatever a snapshot holds. */

/** `x` where it is a finite number, else 0. */
export const finite = (x: number | undefined): number => (x !== undefined && Number.isFinite(x) ? x : 0);

export const clamp = (x: number, low: number, high: number): number => (x < low ? low : x > high ? high : x);

/** A share, held within 0..1; 0 when nothing was there to share. */
export const share = (part: number | undefined, whole: number | undefined): number => {
  const w = finite(whole);
  return w > 0 ? clamp(finite(part) / w, 0, 1) : 0;
};

/**
 * How far `now` is above (+) or below (−) its healthy value, in doublings, within ±`bound`. `softness` × healthy is added to
 * both sides, so that zero is a number and the value is the same whatever unit or scale both are in.
 */
export function doublings(now: number | undefined, healthy: number | undefined, softness = 0.05, bound = 6): number {
  const h = finite(healthy);
  const n = Math.max(0, finite(now));
  if (h <= 0) return n > 0 ? bound / 2 : 0;
  return clamp(Math.log2((n + softness * h) / (h + softness * h)), -bound, bound);
}
