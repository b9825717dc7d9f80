/**
 * How long a property is tried: so many runs, or, under `npm run fuzz`, as many as its part of the file's minutes allows.
 * `properties`: that share them.
 */
export function fuzzBounds(numRuns: number, properties: number): { numRuns: number; interruptAfterTimeLimit?: number } {
  const minutes = Number(process.env.UMBRA_FUZZ_MINUTES ?? 0);
  if (!(minutes > 0)) return { numRuns };
  return { numRuns: 1_000_000_000, interruptAfterTimeLimit: (minutes * 60_000) / properties };
}
