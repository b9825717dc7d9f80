import { type EdgeWindow, type ErrorRates, isSeen, type ServiceWindow, type Snapshot } from '../mesh/snapshot.ts';
import { type EdgeId, endsOf, INGRESS, type ServiceId } from '../mesh/topology.ts';

/**
 * One snapshot out of several in a row, newest last: rates and levels are means, counts of hosts and replicas the newest. It
 * carries what several windows say with less of one window's chance, which is what a name for a trouble should rest on. Of each
 * edge and service only the windows in which it was seen count; where there is none, it is not seen here either.
 */
export function averageOf(snapshots: readonly Snapshot[]): Snapshot {
  const newest = snapshots.at(-1)!;
  if (snapshots.length === 1) return newest;
  /** What the windows that count for an edge or service say. */
  const said = <W>(id: EdgeId | ServiceId, pick: (s: Snapshot) => W | undefined): W[] => {
    const all = (from: readonly Snapshot[]) => from.map(pick).filter((w) => w !== undefined);
    const seen = all(snapshots.filter((s) => isSeen(s, id)));
    return seen.length > 0 ? seen : all(snapshots);
  };
  const edges: Record<EdgeId, EdgeWindow> = {};
  for (const id of Object.keys(newest.edges) as EdgeId[]) {
    const windows = said(id, (s) => s.edges[id]);
    const last = windows.at(-1)!;
    const of = (pick: (w: EdgeWindow) => number) => mean(windows.map(pick));
    // A window without an answer has no latency; a zero would drag the mean to nothing.
    const answered = windows.filter((w) => w.latency.p99 > 0);
    const latency = (q: 'p50' | 'p90' | 'p99') => mean(answered.map((w) => w.latency[q]));
    const errors = Object.fromEntries(
      (Object.keys(last.errors) as (keyof ErrorRates)[]).map((k) => [k, of((w) => w.errors[k])]),
    ) as unknown as ErrorRates;
    edges[id] = {
      ...last,
      rate: of((w) => w.rate),
      good: of((w) => w.good),
      failed: of((w) => w.failed),
      errors,
      latency: { p50: latency('p50'), p90: latency('p90'), p99: latency('p99') },
      inFlight: of((w) => w.inFlight),
      retries: of((w) => w.retries),
    };
  }
  const services: Record<string, ServiceWindow> = {};
  for (const id of Object.keys(newest.services)) {
    const windows = said(id, (s) => s.services[id]);
    const last = windows.at(-1)!;
    services[id] = {
      ...last,
      cpu: mean(windows.map((w) => w.cpu)),
      cpuMax: mean(windows.map((w) => w.cpuMax)),
      memory: mean(windows.map((w) => w.memory)),
      memoryMax: mean(windows.map((w) => w.memoryMax)),
    };
  }
  const entryEdge = (Object.keys(newest.edges) as EdgeId[]).find((id) => endsOf(id)[0] === INGRESS)!;
  const atEntry = said(entryEdge, (s) => s.entry);
  const entry = (k: keyof Snapshot['entry']) => mean(atEntry.map((w) => w[k]));
  const { unseen: inNewest = [], ...rest } = newest;
  const unseen = inNewest.filter((id) => !snapshots.some((s) => isSeen(s, id)));
  return {
    ...rest,
    ...(unseen.length > 0 ? { unseen } : {}),
    entry: {
      offered: entry('offered'),
      good: entry('good'),
      failed: entry('failed'),
      protectedOffered: entry('protectedOffered'),
      protectedGood: entry('protectedGood'),
    },
    edges,
    services,
  };
}

const mean = (xs: readonly number[]) => (xs.length === 0 ? 0 : xs.reduce((a, b) => a + b, 0) / xs.length);
