import type { ProxyStatus, SeenWorld, XdsStatus } from '../api/plane.ts';
import type { Collector } from '../telemetry/collector.ts';
import type { ManagementServer, NodeStatus } from '../xds/index.ts';

/** Sidecars as a person wants to see them: what the management server knows joined with when their metrics last came. */
export function xdsStatus(
  xds: Pick<ManagementServer, 'status' | 'counters'>,
  collectors: Partial<Record<SeenWorld, Pick<Collector, 'heardAt'>>>,
): XdsStatus {
  const nodes = xds.status().map((node): ProxyStatus => {
    const world: SeenWorld = node.nodeId.startsWith('shadow/') ? 'shadow' : 'production';
    const lastNack = newestNack(node);
    const metricsAt = collectors[world]?.heardAt(node.nodeId);
    return {
      id: node.nodeId,
      world,
      connected: node.connected,
      acknowledged:
        node.connected &&
        node.types.length > 0 &&
        node.types.every((t) => !t.waiting && t.versionAcked === t.versionWanted),
      ...(lastNack ? { lastNack } : {}),
      refused: refusals(node),
      ...(metricsAt === undefined ? {} : { metricsAt }),
    };
  });
  const { pushes, acks, nacks } = xds.counters;
  return { pushes, acks, nacks, nodes };
}

/** What the node lacks, told once though several streams may ask for it. */
function refusals(node: NodeStatus): ProxyStatus['refused'] {
  const found = new Map<string, ProxyStatus['refused'][number]>();
  for (const { type, problems } of node.types)
    for (const [name, detail] of Object.entries(problems)) found.set(`${type} ${name}`, { type, name, detail });
  return [...found.values()];
}

function newestNack(node: NodeStatus): ProxyStatus['lastNack'] {
  let newest: ProxyStatus['lastNack'];
  for (const { type, lastNack } of node.types) {
    if (lastNack && (newest === undefined || lastNack.at > newest.at)) newest = { type, ...lastNack };
  }
  return newest;
}
