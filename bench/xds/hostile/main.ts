import { constants, setPriority } from 'node:os';
import type { Hostility } from './kinds.ts';
import { openHostile } from './kinds.ts';
import type { Closable } from './repeated.ts';

// The process the bad clients live in, driven by the bench over its channel.

export type HostileOrder =
  | { readonly do: 'start'; readonly kind: Hostility; readonly count: number; readonly port: number }
  | { readonly do: 'stop' };

/** To `start`: each of them has done its worst once. To `stop`: they are gone. */
export interface HostileReport {
  readonly turns: number;
}

// What they cost shall be what they cost the server, not the processor they share with it.
setPriority(constants.priority.PRIORITY_LOW);

let clients: Closable[] = [];
let turns = 0;
const report = () => process.send!({ turns } satisfies HostileReport);

process.on('message', (order: HostileOrder) => {
  if (order.do === 'stop') {
    for (const client of clients) client.close();
    clients = [];
    report();
    return;
  }
  turns = 0;
  const waited = new Set(Array.from({ length: order.count }, (_, i) => i));
  // They come from another address than the others, as a bad client would.
  const target = { port: order.port, protocol: 'delta', localAddress: '127.0.0.2' } as const;
  clients = [...waited].map((i) =>
    openHostile[order.kind](target, i, () => {
      turns++;
      if (waited.delete(i) && waited.size === 0) report();
    }),
  );
});
process.on('disconnect', () => process.exit(0));
