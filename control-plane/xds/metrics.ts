import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Census } from './census.ts';
import type { ManagementServer } from './server.ts';
import { isKnownType, shortName } from './type-urls.ts';

/** So many nodes have a series of their own; a proxy may call itself what its certificate covers. */
const MOST_NODES = 5000;

/** Longest label that holds a proxy's own words. */
const LONGEST_REASON = 200;

/**
 * Prometheus metrics of a management server, in base units, all called `umbra_xds_…`. Counters count from now on; gauges
 * look at the server when scraped. `close` stops following the server.
 */
export function createXdsMetrics(server: ManagementServer): { registry: Registry; close(): void } {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name: `umbra_xds_${name}_total`, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: L[], read: (g: Gauge<L>) => void) =>
    new Gauge({
      name: `umbra_xds_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        read(this);
      },
    });

  // A scrape reads all gauges without a pause; it goes through all nodes once.
  let counted: Census | undefined;
  const census = () => {
    if (!counted) queueMicrotask(() => (counted = undefined));
    counted ??= server.census();
    return counted;
  };

  const pushes = counter('pushes', 'Answers sent', ['type']);
  const pushedBytes = counter('pushed_bytes', 'Bytes of answers sent', ['type']);
  const acks = counter('acks', 'Answers acknowledged', ['type']);
  const nacks = counter('nacks', 'Answers refused', ['type', 'node']);
  const attempts = counter('attempts', 'Attempts at what is not allowed', ['kind']);
  const turnedAway = counter('connections_refused', 'Connections that were not let in', ['reason']);
  const ackDuration = new Histogram({
    name: 'umbra_xds_ack_duration_seconds',
    help: 'From sending an answer to its acknowledgement',
    labelNames: ['type'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  gauge('ready', '1 while nodes are served what was set for them', [], (g) => g.set(server.ready ? 1 : 0));
  gauge('streams', 'Streams open', ['scope', 'protocol'], (g) => {
    for (const [key, count] of census().streams) {
      const [scope, protocol] = key.split(' ') as [string, string];
      g.set({ scope, protocol }, count);
    }
  });
  gauge('nodes', 'Nodes: connected; away, though something is set for them; held, since nothing is', ['state'], (g) => {
    for (const [state, count] of Object.entries(census().nodes)) g.set({ state }, count);
  });
  gauge(
    'refused',
    '1 for what a proxy does not have because it was refused',
    ['node', 'type', 'resource', 'reason'],
    (g) => {
      for (const { nodeId, typeUrl, name, detail } of census().refusals)
        g.set({ node: nodeId, type: shortName(typeUrl), resource: name, reason: detail.slice(0, LONGEST_REASON) }, 1);
    },
  );
  gauge('connections', 'Connections open', ['address'], (g) => {
    for (const { address, connections } of server.listeners()) g.set({ address }, connections);
  });
  gauge('unread_bytes', 'Bytes of answers that clients have not read yet', ['address'], (g) => {
    for (const { address, unreadBytes } of server.listeners()) g.set({ address }, unreadBytes);
  });
  gauge(
    'fast_lane',
    '1 where answers pass grpc-js’s message layer, 0 where they are copied for every stream',
    ['address'],
    (g) => {
      for (const { address, fast } of server.listeners()) g.set({ address }, fast ? 1 : 0);
    },
  );
  gauge('certificate_expiry_timestamp_seconds', 'End of the server’s own certificate', ['address'], (g) => {
    for (const { address, certificateExpiresAt } of server.listeners())
      if (certificateExpiresAt !== undefined) g.set({ address }, certificateExpiresAt / 1000);
  });
  new Counter({
    name: 'umbra_xds_resources_refused_total',
    help: 'Resources that were never served: invalid, or out of scope',
    registers,
    collect() {
      this.reset();
      this.inc(server.counters.refused);
    },
  });

  const refusers = new Set<string>();
  const off = [
    server.on('sent', ({ typeUrl, bytes }) => {
      const type = label(typeUrl);
      pushes.inc({ type });
      pushedBytes.inc({ type }, bytes);
    }),
    server.on('ack', ({ typeUrl, tookMs }) => {
      const type = label(typeUrl);
      acks.inc({ type });
      ackDuration.observe({ type }, tookMs / 1000);
    }),
    server.on('nack', ({ typeUrl, nodeId }) => {
      if (refusers.size < MOST_NODES) refusers.add(nodeId);
      nacks.inc({ type: label(typeUrl), node: refusers.has(nodeId) ? nodeId : 'other' });
    }),
    server.on('attempt', ({ kind }) => attempts.inc({ kind })),
    server.on('turnedAway', ({ reason }) => turnedAway.inc({ reason })),
  ];
  return {
    registry,
    close() {
      for (const stop of off) stop();
      registry.clear();
    },
  };
}

/** Clients choose type URLs; a label of its own is for those that are known. */
function label(typeUrl: string): string {
  return isKnownType(typeUrl) ? shortName(typeUrl) : 'other';
}
