import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { homeOf, type Ready, readReady } from '../../demo/home.ts';
import type { Second } from '../../demo/load/tally.ts';
import { type Child, startNode } from '../../demo/start/child.ts';
import { startUsers } from '../../demo/start/users.ts';
import { production } from '../../demo/troubles/production.ts';
import { startTrouble } from '../../demo/troubles/run.ts';

/** The running shop: users' own count second by second, and its troubles. */
export interface Shop {
  readonly ready: Ready;
  /** All seconds counted so far, oldest first. */
  readonly seconds: readonly Second[];
  trouble(name: string): Promise<{ from: number; stop(): Promise<void> }>;
  stop(): Promise<void>;
}

/** Starts it as `npm start` does, in the folder UMBRA_HOME names, and users of our own so that each second can be read. */
export async function startShop(rate: number, say: (line: string) => void): Promise<Shop> {
  const home = homeOf();
  const started = Date.now();
  const app: Child = await startNode([join(import.meta.dirname, '../../demo/start.ts'), '--no-load'], say);
  let ended = false;
  void app.ended.then(() => {
    ended = true;
  });
  let ready: Ready | undefined;
  while (!ready) {
    if (ended || Date.now() - started > 180_000) throw new Error('the shop does not start');
    await sleep(500);
    ready = readReady(home);
  }
  const seconds: Second[] = [];
  const users = await startUsers(`http://${ready.entry.host}:${ready.entry.port}`, rate, (s) => seconds.push(s), say);
  return {
    ready,
    seconds,
    trouble: (name) => startTrouble(name, production(home)),
    async stop() {
      await users.stop();
      await app.stop(60_000);
    },
  };
}
