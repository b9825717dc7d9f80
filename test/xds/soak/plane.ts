/** A management server in a process of its own, so that it can be killed: `plane.ts ADDRESS`, told what to serve by messages. */
import { wallClock } from '../../../control-plane/mesh/clock.ts';
import type { Counters, Resource } from '../../../control-plane/xds/index.ts';
import { createManagementServer } from '../../../control-plane/xds/index.ts';

/** What the plane is told: serve this from now on; `wait` = and say when it is settled. */
export interface Order {
  readonly id: number;
  readonly resources: readonly Resource[];
  readonly wait: boolean;
}

export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'trouble'; readonly detail: string }
  | {
      readonly kind: 'done';
      readonly id: number;
      /** How it ended, for orders that wait. */
      readonly state: 'acked' | 'nacked' | 'absent' | 'set';
      readonly detail: string | undefined;
      readonly counters: Counters;
      /** Answers that were on their way on streams that were lost. */
      readonly lost: number;
      readonly heapBytes: number;
    };

const NODE = 'soak';
const LONGEST_MS = 60_000;

if (process.send) {
  const report = (r: Report) => process.send!(r);
  const trouble = (detail: string) => report({ kind: 'trouble', detail });
  const server = createManagementServer({
    logger: { debug() {}, info() {}, warn() {}, error: (_, message) => trouble(message) },
    clock: wallClock,
    identifier: 'umbra-soak',
    onAudit: (event) => trouble(event.detail),
  });
  let unjudged = 0;
  let lost = 0;
  server.on('sent', () => unjudged++);
  server.on('ack', () => unjudged--);
  server.on('disconnect', () => {
    lost += unjudged;
    unjudged = 0;
  });
  server.on('nack', (n) => trouble(`refused ${n.typeUrl} ${n.names}: ${n.detail}`));
  await server.listen({ address: process.argv[2]!, scope: 'production' });
  process.on('message', async ({ id, resources, wait }: Order) => {
    const { revision, refused } = server.set(NODE, resources);
    for (const r of refused) trouble(`not served: ${r.name}: ${r.reason}`);
    const settlement = wait ? await server.settled(NODE, revision, AbortSignal.timeout(LONGEST_MS)) : undefined;
    report({
      kind: 'done',
      id,
      state: settlement?.state ?? 'set',
      detail: settlement?.detail,
      counters: { ...server.counters },
      lost,
      heapBytes: process.memoryUsage().heapUsed,
    });
  });
  process.on('disconnect', () => process.exit());
  report({ kind: 'ready' });
}
