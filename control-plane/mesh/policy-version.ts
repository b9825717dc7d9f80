/**
 * A version tells what a model came from: `sim-1` as it is shipped, `sim-1~7` specialised on the application with seed 7,
 * `sim-1~7+150` refined from that by 150 training steps.
 */

/** The version of what is specialised from `version` with `seed`. */
export const specialisedVersion = (version: string, seed: number): string => `${version}~${seed}`;

/** The version `steps` training steps on; of one that is refined already, the steps of both: 50 on `sim-1+100` are `sim-1+150`. */
export function refinedVersion(version: string, steps: number): string {
  const { base, refinedBy } = partsOf(version);
  return `${base}+${refinedBy + steps}`;
}

/** What a refinement started from; any other version is its own base. */
export const baseVersion = (version: string): string => partsOf(version).base;

export const isSpecialised = (version: string): boolean => version.includes('~');

/** Whether `version` was specialised or refined, or both, from `origin`. */
export const cameFrom = (version: string, origin: string): boolean =>
  version.startsWith(`${origin}~`) || version.startsWith(`${origin}+`);

function partsOf(version: string): { base: string; refinedBy: number } {
  const [, base, steps] = /^(.*?)(?:\+(\d+))?$/.exec(version)!;
  return { base: base!, refinedBy: Number(steps ?? 0) };
}
