import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a service's own part of a request costs: mean time in ms it waits (disk, locks), and rounds of hashing on the CPU. */
export interface Work {
  readonly meanMs: number;
  readonly rounds: number;
}

/** A service time around `meanMs`: between half and twice of it, mean 1 (a scaled beta-like shape of two uniforms). */
export function serviceTime(meanMs: number, random: () => number = Math.random): number {
  const u = random() * random();
  return meanMs * (0.625 + 1.5 * u);
}

/** Does the work: some real CPU, then real waiting. Resolves to the digest, so that the CPU part cannot be optimised away. */
export async function doWork(work: Work, input: string): Promise<string> {
  let digest = input;
  for (let i = 0; i < work.rounds; i++) digest = createHash('sha256').update(digest).digest('hex');
  await sleep(serviceTime(work.meanMs));
  return digest;
}
