import type { ElementDefinition } from 'cytoscape';
import { describeLease } from '../../../control-plane/api/history.ts';
import type { Lease } from '../../../control-plane/mesh/lease.ts';
import type { Snapshot } from '../../../control-plane/mesh/snapshot.ts';
import { endsOf, INGRESS, type Topology } from '../../../control-plane/mesh/topology.ts';
import { healthOf, ms, pct, rate } from '../lib/format.ts';
import { placeServices } from '../lib/layers.ts';
import type { Theme } from '../lib/theme.ts';

/** Left free around the picture, px; above and below it more, for badges hang over the services. */
export const MARGIN = 10;
const BADGE = 18;

/** Room a service needs so that names and edge labels can be read. */
const GAP = 58;
const ROW = 64;
export const NODE_HEIGHT = 38;
/** The users' node is narrower than a service: its column needs this share of a column's room. */
const FIRST = 0.94;

/** Wide enough for the longest name, within reason: longer ones are cut by {@link shorten}. */
function nodeWidth(topology: Topology): number {
  const longest = Math.max(...Object.keys(topology.services).map((id) => id.length));
  return Math.min(128, Math.max(92, longest * 6.4 + 14));
}
const shorten = (name: string) => (name.length > 19 ? `${name.slice(0, 18)}…` : name);

/** Services and calls at their places; they fill `size`, or more of the same shape where that is not enough. */
export function staticElements(topology: Topology, size: { width: number; height: number }): ElementDefinition[] {
  const placed = placeServices(topology);
  const columns = new Map<number, number>();
  for (const p of placed) columns.set(p.x, (columns.get(p.x) ?? 0) + 1);
  const most = Math.max(...columns.values());
  const room = nodeWidth(topology);
  const spread = Math.max(1, columns.size - 2 + FIRST);
  // The picture is scaled down by this to fit; in exchange both directions may use that much more.
  const scale = Math.max(
    1,
    (spread * (room + GAP) + room) / (size.width - 2 * MARGIN),
    ((most - 1) * ROW + NODE_HEIGHT) / (size.height - 2 * (MARGIN + BADGE)),
  );
  const width = (size.width - 2 * MARGIN) * scale - room;
  const height = (size.height - 2 * (MARGIN + BADGE)) * scale - NODE_HEIGHT;
  const across = (x: number) => {
    const column = Math.round(x * (columns.size - 1));
    return (column === 0 ? 0 : column - 1 + FIRST) / spread;
  };
  const nodes: ElementDefinition[] = placed.map(({ id, x, y }) => ({
    data: {
      id,
      name: id === INGRESS ? 'users' : shorten(id),
      room: id === INGRESS ? 74 : room,
      kind: id === INGRESS ? 'ingress' : topology.services[id]?.external ? 'external' : 'service',
    },
    position: { x: across(x) * width, y: y * height },
  }));
  const edges: ElementDefinition[] = Object.values(topology.edges).map((e) => ({
    data: { id: e.id, source: e.caller, target: e.callee, kind: e.optional ? 'optional' : 'call' },
  }));
  const spare: ElementDefinition[] = Object.values(topology.services)
    .filter((s) => s.failover !== undefined)
    .map((s) => ({ data: { id: `spare ${s.id}`, source: s.id, target: s.failover!, kind: 'spare' } }));
  return [...nodes, ...edges, ...spare];
}

/** What one element shows at a moment. */
export interface Look {
  readonly label: string;
  readonly color: string;
  readonly text: string;
  readonly width: number;
  /** What is well stands back, so that what is not stands out. */
  readonly opacity: number;
}

const colours = (theme: Theme) => ({ good: theme.good, warn: theme.warn, bad: theme.bad, idle: theme.faint });

/** Looks by element id, of a window; without one everything is idle. */
export function looks(topology: Topology, latest: Snapshot | undefined, theme: Theme): Map<string, Look> {
  const found = new Map<string, Look>();
  const colour = colours(theme);
  const most = Math.max(1, ...Object.values(latest?.edges ?? {}).map((e) => e.rate));
  for (const edge of Object.values(topology.edges)) {
    const w = latest?.edges[edge.id];
    if (!w || w.rate <= 0) {
      found.set(edge.id, { label: w ? 'idle' : '', color: colour.idle, text: theme.muted, width: 1.2, opacity: 0.7 });
      continue;
    }
    const good = Math.min(1, w.good / w.rate);
    const health = healthOf(good);
    found.set(edge.id, {
      label: `${w.rate >= 10 ? Math.round(w.rate) : rate(w.rate)}/s ${pct(good, good > 0.99 ? 1 : 0)}\n${ms(w.latency.p99)}`,
      color: colour[health],
      text: health === 'good' ? theme.muted : colour[health],
      width: 1.2 + 4.3 * Math.sqrt(w.rate / most),
      opacity: health === 'good' ? 0.42 : 0.85,
    });
  }
  const worst = new Map<string, number>();
  for (const [id, w] of Object.entries(latest?.edges ?? {})) {
    if (w.rate <= 0) continue;
    const callee = endsOf(id as `${string}>${string}`)[1];
    worst.set(callee, Math.min(worst.get(callee) ?? 1, w.good / w.rate));
  }
  for (const service of Object.values(topology.services)) {
    const w = latest?.services[service.id];
    const name = service.external
      ? `${shorten(service.id)}\noutside`
      : w
        ? `${shorten(service.id)}\n${w.ready}/${w.replicas} · cpu ${pct(w.cpu, 0)}`
        : service.id;
    const down = w !== undefined && w.ready < w.replicas;
    const health =
      w === undefined && !service.external
        ? 'idle'
        : down
          ? w.ready === 0
            ? 'bad'
            : 'warn'
          : healthOf(worst.get(service.id));
    found.set(service.id, { label: name, color: colour[health], text: theme.text, width: 1.5, opacity: 1 });
  }
  found.set(INGRESS, {
    label: 'users',
    color: latest
      ? colour[healthOf(latest.entry.offered > 0 ? latest.entry.good / latest.entry.offered : undefined)]
      : colour.idle,
    text: theme.text,
    width: 1.5,
    opacity: 1,
  });
  return found;
}

export interface Badge {
  readonly id: string;
  /** The service or edge it hangs on. */
  readonly on: string;
  readonly text: string;
  readonly color: string;
}

/** What does not fit on a badge by its full name. */
const short: Readonly<Record<string, string>> = {
  'circuit-breaking': 'breaker',
  'outlier-detection': 'eject',
  'admission-control': 'admission',
};

/** One badge for each lease, on what it is aimed at. */
export function badges(leases: readonly Lease[], theme: Theme): Badge[] {
  return leases.map((lease) => {
    const target = lease.type === 'fault' ? lease.fault.target : lease.mitigation.target;
    const text = describeLease(lease);
    const [kind = '', rest = ''] = text.split('@');
    const strength = rest.includes('×') ? ` ×${rest.split('×')[1]}` : '';
    return {
      id: `badge ${lease.id}`,
      on: 'edge' in target ? target.edge : target.service,
      text: `${lease.type === 'fault' ? '⚡' : '◆'} ${short[kind] ?? kind}${strength}`,
      color: lease.type === 'fault' ? theme.fault : theme.mitigation,
    };
  });
}
