import { describeLease, type HistoryPoint } from '../../../control-plane/api/history.ts';
import { smoothEdges, smoothEntry } from '../../../control-plane/api/smooth.ts';
import type { Lease } from '../../../control-plane/mesh/lease.ts';
import type { Snapshot } from '../../../control-plane/mesh/snapshot.ts';
import { INGRESS, type Topology } from '../../../control-plane/mesh/topology.ts';
import { healthOf, ms, pct, rate } from '../lib/format.ts';
import type { Theme } from '../lib/theme.ts';
import { shorten } from './graph-layout.ts';

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

export interface Seen {
  readonly latest?: Snapshot;
  readonly points: readonly HistoryPoint[];
}

/** Looks by element id, over the last windows; without one everything is idle. */
export function looks(topology: Topology, { latest, points }: Seen, theme: Theme): Map<string, Look> {
  const found = new Map<string, Look>();
  const colour = colours(theme);
  const edges = smoothEdges(points);
  const most = Math.max(1, ...[...edges.values()].map((e) => e.offered));
  const worst = new Map<string, number>();
  for (const edge of Object.values(topology.edges)) {
    const w = edges.get(edge.id);
    if (w?.ratio === undefined) {
      found.set(edge.id, { label: w ? 'idle' : '', color: colour.idle, text: theme.muted, width: 1.2, opacity: 0.7 });
      continue;
    }
    const { ratio, offered, p99 } = w;
    const health = healthOf(ratio);
    worst.set(edge.callee, Math.min(worst.get(edge.callee) ?? 1, ratio));
    found.set(edge.id, {
      label: `${offered >= 10 ? Math.round(offered) : rate(offered)}/s ${pct(ratio, ratio > 0.99 ? 1 : 0)}\n${ms(p99)}`,
      color: colour[health],
      text: health === 'good' ? theme.muted : colour[health],
      width: 1.2 + 4.3 * Math.sqrt(offered / most),
      opacity: health === 'good' ? 0.42 : 0.85,
    });
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
    color: colour[healthOf(smoothEntry(points)?.ratio)],
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
