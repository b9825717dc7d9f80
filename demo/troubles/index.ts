import { badFeed } from './bad-feed.ts';
import { badReplica } from './bad-replica.ts';
import { cpuBurn } from './cpu-burn.ts';
import { errorBurst } from './error-burst.ts';
import { memoryLeak } from './memory-leak.ts';
import { paymentsSlow } from './payments-slow.ts';
import { replicaCrash } from './replica-crash.ts';
import { replicaHang } from './replica-hang.ts';
import { retryStorm } from './retry-storm.ts';
import { trafficSpike } from './traffic-spike.ts';
import type { Trouble } from './trouble.ts';

/** All troubles by name. A new one is a file beside these and a line here. */
export const troubles: ReadonlyMap<string, Trouble> = new Map(
  [
    paymentsSlow,
    replicaCrash,
    replicaHang,
    badReplica,
    errorBurst,
    badFeed,
    memoryLeak,
    cpuBurn,
    trafficSpike,
    retryStorm,
  ].map((trouble) => [trouble.name, trouble]),
);

/** @throws Error that names those there are */
export function troubleNamed(name: string): Trouble {
  const trouble = troubles.get(name);
  if (!trouble) throw new Error(`no trouble ${name}; there are ${[...troubles.keys()].join(', ')}`);
  return trouble;
}
