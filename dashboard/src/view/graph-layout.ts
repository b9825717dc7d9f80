import type { ElementDefinition } from 'cytoscape';
import { INGRESS, type Topology } from '../../../control-plane/mesh/topology.ts';
import { placeServices } from '../lib/layers.ts';

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
export const shorten = (name: string) => (name.length > 19 ? `${name.slice(0, 18)}…` : name);

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
