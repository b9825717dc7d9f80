/**
 * Wilson's score interval of a ratio at confidence z (1.96 = 95%): Wilson 1927,
 * (p + z²/2n ± z√(p(1−p)/n + z²/4n²)) ÷ (1 + z²/n). [0, 1] where nothing was tried.
 */
export function wilson(successes: number, trials: number, z = 1.96): [number, number] {
  if (trials <= 0) return [0, 1];
  const p = successes / trials;
  const scale = 1 + (z * z) / trials;
  const centre = p + (z * z) / (2 * trials);
  const half = z * Math.sqrt((p * (1 - p)) / trials + (z * z) / (4 * trials * trials));
  return [Math.max(0, (centre - half) / scale), Math.min(1, (centre + half) / scale)];
}
