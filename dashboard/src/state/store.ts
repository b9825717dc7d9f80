import { useEffect, useState } from 'preact/hooks';
import type { Explanation } from '../../../control-plane/api/explain.ts';
import type { HistoryPoint, Span } from '../../../control-plane/api/history.ts';
import type {
  FidelityStatus,
  LearningStatus,
  MirrorStatus,
  PlaneStatus,
  SeenWorld,
} from '../../../control-plane/api/plane.ts';
import type { Lease } from '../../../control-plane/mesh/lease.ts';
import type {
  AuditEntry,
  Episode,
  Incident,
  LedgerEntry,
  Override,
  Pattern,
} from '../../../control-plane/mesh/record.ts';
import type { Snapshot } from '../../../control-plane/mesh/snapshot.ts';
import type { Topology } from '../../../control-plane/mesh/topology.ts';

export interface WorldView {
  latest?: Snapshot;
  leases: readonly Lease[];
  points: readonly HistoryPoint[];
  spans: readonly Span[];
}

export interface Notice {
  readonly id: number;
  readonly kind: 'done' | 'error';
  readonly text: string;
  readonly remedy?: string;
}

/** All that the page shows. Absent = not loaded yet. */
export interface State {
  connection: 'connecting' | 'live' | 'lost';
  /** The server's clock minus ours, ms. */
  skew: number;
  status?: PlaneStatus;
  topology?: Topology;
  worlds: Record<SeenWorld, WorldView>;
  incidents?: readonly Incident[];
  episodes?: readonly Episode[];
  patterns?: readonly Pattern[];
  overrides?: readonly Override[];
  audit?: readonly AuditEntry[];
  ledger?: readonly LedgerEntry[];
  fidelity?: FidelityStatus;
  learning?: LearningStatus;
  mirror?: MirrorStatus;
  explained: Readonly<Record<string, Explanation>>;
  /** Kept in this tab's session storage only. */
  token: string | undefined;
  /** What needs the token and waits for it; shows the token dialog. */
  asking?: { readonly what: string; readonly proceed?: () => void };
  notices: readonly Notice[];
}

const empty = (): WorldView => ({ leases: [], points: [], spans: [] });
let state: State = {
  connection: 'connecting',
  skew: 0,
  worlds: { production: empty(), shadow: empty() },
  explained: {},
  token: undefined,
  notices: [],
};
const watchers = new Set<() => void>();

export const getState = (): State => state;

export function setState(change: Partial<State>): void {
  state = { ...state, ...change };
  for (const watcher of watchers) watcher();
}

/** The state, and a new drawing at each change. */
export function useUmbra(): State {
  const [current, set] = useState(state);
  useEffect(() => {
    const watcher = () => set(state);
    watchers.add(watcher);
    watcher();
    return () => {
      watchers.delete(watcher);
    };
  }, []);
  return current;
}

/** Server time in ms, drawn anew each second while mounted: what countdowns run on. */
export function useNow(): number {
  const [now, set] = useState(Date.now() + state.skew);
  useEffect(() => {
    const timer = setInterval(() => set(Date.now() + getState().skew), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

let serial = 0;
export function notify(kind: Notice['kind'], text: string, remedy?: string): void {
  const notice: Notice = { id: ++serial, kind, text, ...(remedy === undefined ? {} : { remedy }) };
  setState({ notices: [...state.notices.slice(-3), notice] });
  setTimeout(() => dismiss(notice.id), kind === 'error' ? 12_000 : 5_000);
}
export function dismiss(id: number): void {
  setState({ notices: state.notices.filter((n) => n.id !== id) });
}
