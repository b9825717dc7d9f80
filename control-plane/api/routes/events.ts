import type { FastifyInstance } from 'fastify';
import { UmbraError } from '../../mesh/errors.ts';
import { historyPoint } from '../history.ts';
import { type Plane, type PlaneEvent, seenWorlds } from '../plane.ts';

const MOST_LISTENERS = 32;
const TICK_MS = 1000;
/** A listener that has this much unsent is slow: it skips pictures until it caught up. */
const BACKLOG_BYTES = 256 * 1024;

/** What a listener is told to fetch again, by the event that made it old. */
const stale: Record<Exclude<PlaneEvent['type'], 'snapshot'>, string> = {
  leases: 'leases',
  incident: 'incidents',
  decision: 'incidents',
  episode: 'episodes',
  pattern: 'patterns',
  overrides: 'overrides',
  audit: 'audit',
  ledger: 'ledger',
};

/** The picture sent each second: small, whole, and enough to draw the page. */
function tick(plane: Plane) {
  const worlds = Object.fromEntries(
    seenWorlds.map((world) => {
      const latest = plane.latest(world);
      return [world, { ...(latest ? { latest, point: historyPoint(latest) } : {}), leases: plane.leases(world) }];
    }),
  );
  return { at: plane.clock.now(), status: plane.status(), worlds };
}

/**
 * Server-sent events. `tick` each second and at once when leases or orders changed: status, both worlds' newest window, leases.
 * `changed`: `{ what: [...] }`, names of the lists that are out of date, gathered over a tenth of a second.
 */
export function eventRoutes(api: FastifyInstance, plane: Plane): void {
  const listeners = new Set<(text: string, droppable: boolean) => void>();
  const closers = new Set<() => void>();
  const send = (event: string, data: unknown, droppable: boolean) => {
    const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    for (const listener of listeners) listener(text, droppable);
  };
  // A timer's exception would end the control plane; a picture that cannot be drawn must not.
  const sendTick = () => {
    try {
      send('tick', tick(plane), true);
    } catch (err) {
      api.log.error({ err }, 'the picture for the dashboard failed');
    }
  };
  let timer: NodeJS.Timeout | undefined;
  let gathering: NodeJS.Timeout | undefined;
  const old = new Set<string>();

  const unsubscribe = plane.subscribe((event) => {
    if (event.type === 'snapshot' || listeners.size === 0) return;
    const ofShadow = event.type === 'decision' && event.decision.world === 'shadow';
    old.add(ofShadow ? 'episodes' : stale[event.type]);
    gathering ??= setTimeout(() => {
      gathering = undefined;
      if (old.has('leases') || old.has('overrides')) sendTick();
      send('changed', { what: [...old] }, false);
      old.clear();
    }, 100);
  });

  api.get(
    '/events',
    { schema: { summary: 'Live updates (text/event-stream)', tags: ['state'] } },
    async (request, reply) => {
      if (listeners.size >= MOST_LISTENERS)
        throw new UmbraError('UMB0808', `${MOST_LISTENERS} listeners follow already`);
      const first = JSON.stringify(tick(plane));
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      raw.write(`retry: 1000\n\nevent: tick\ndata: ${first}\n\n`);
      const listener = (text: string, droppable: boolean) => {
        if (raw.writableLength > BACKLOG_BYTES) {
          // What may not be dropped is what tells to fetch again: so far behind, starting anew does the same.
          if (!droppable) raw.destroy();
          return;
        }
        raw.write(text);
      };
      const close = () => raw.end();
      listeners.add(listener);
      closers.add(close);
      timer ??= setInterval(sendTick, TICK_MS);
      request.raw.on('close', () => {
        listeners.delete(listener);
        closers.delete(close);
        if (listeners.size === 0 && timer) {
          clearInterval(timer);
          timer = undefined;
        }
      });
    },
  );

  api.addHook('preClose', async () => {
    unsubscribe();
    if (timer) clearInterval(timer);
    if (gathering) clearTimeout(gathering);
    for (const close of closers) close();
  });
}
