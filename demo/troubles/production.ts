import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadSocket, productionData } from '../home.ts';
import type { Affliction } from '../services/affliction.ts';
import { CONTROL_SOCKET } from '../services/server.ts';
import { type Held, hold } from '../socket.ts';
import type { Replicas, Undo, Victim } from './trouble.ts';

/** How often replicas that (re)started are looked for. */
const LOOK_MS = 200;

/**
 * Production's replicas of the shop, found by the control sockets in their data folders, and its load. The shadow's
 * replicas have folders elsewhere: nothing here can reach them.
 */
export function production(home: string): Victim {
  return {
    afflict: (service, replicas, affliction) => afflict(home, service, replicas, affliction),
    multiplyLoad: async (factor) => {
      const held = await hold(loadSocket(home), { factor }).catch((e: Error) => {
        throw new Error(`no load is running for ${home}: ${e.message}; start the shop first: npm start`);
      });
      return async () => {
        held.release();
        await held.ended;
      };
    },
  };
}

async function afflict(home: string, service: string, replicas: Replicas, affliction: Affliction): Promise<Undo> {
  const folder = productionData(home, service);
  const held = new Map<string, Held>();
  const look = async () => {
    for (const replica of replicasIn(folder, replicas)) {
      if (held.has(replica)) continue;
      // Nobody listens in a replica that is down or was scaled away; it is tried again at the next look.
      const got = await hold(join(folder, replica, CONTROL_SOCKET), affliction).catch(() => undefined);
      if (!got) continue;
      held.set(replica, got);
      void got.ended.then(() => held.delete(replica));
    }
  };
  await look();
  if (held.size === 0)
    throw new Error(`no replica of ${service} is running under ${folder}; start the shop first: npm start`);
  let looking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, LOOK_MS);
  return async () => {
    clearInterval(timer);
    await looking;
    const all = [...held.values()];
    for (const each of all) each.release();
    await Promise.all(all.map((each) => each.ended));
  };
}

/** Folders of replicas; a replica's number is what its folder's name ends in. */
function replicasIn(folder: string, replicas: Replicas): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.filter((name) => replicas === 'all' || replicas.includes(Number(/(\d+)$/.exec(name)?.[1])));
}
