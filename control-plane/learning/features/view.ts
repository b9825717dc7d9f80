import type { DecisionContext } from '../../mesh/policy.ts';
import type { MeshSettings } from '../../mesh/settings.ts';
import { type EdgeWindow, goodRatio, type HealthyEdge, isSeen, type Snapshot } from '../../mesh/snapshot.ts';
import { type Edge, type EdgeId, INGRESS, type ServiceId } from '../../mesh/topology.ts';
import { settingsInForce } from '../candidates.ts';
import { clamp, doublings, finite, share } from './numbers.ts';

/** One edge relative to its healthy self. Ratios in doublings, shares in 0..1, all finite. */
export interface EdgeView {
  readonly edge: Edge;
  rate: number;
  attempts: number;
  fail: number;
  http5xx: number;
  timeout: number;
  connect: number;
  reset: number;
  overflow: number;
  shed: number;
  /** Share of answers that were not failures but too late. */
  late: number;
  p50: number;
  p99: number;
  p50OverTimeout: number;
  p99OverTimeout: number;
  p99OverSlo: number;
  inFlight: number;
  retries: number;
  healthyHosts: number;
  ejected: number;
  dFail: number;
  dP99: number;
  dInFlight: number;
  /** Means over the newest windows: one window of few requests says little. */
  lately: { fail: number; late: number; p50: number; p99: number };
}

/** One service relative to its healthy self. */
export interface ServiceView {
  readonly id: ServiceId;
  cpu: number;
  cpuMax: number;
  memory: number;
  memoryNearLimit: number;
  memorySlope: number;
  ready: number;
  restarted: number;
  /** Failures and slowness (by p99, and by p50) that its own callees do not explain. */
  excessFail: number;
  excessSlow: number;
  /** How likely it is where the trouble begins, 0..; see {@link blameOf}. */
  blame: number;
  /** Mean over the newest windows. */
  blameLately: number;
  in: readonly EdgeView[];
  out: readonly EdgeView[];
}

export interface MeshView {
  readonly context: DecisionContext;
  readonly settings: MeshSettings;
  readonly edges: ReadonlyMap<EdgeId, EdgeView>;
  readonly services: ReadonlyMap<ServiceId, ServiceView>;
  readonly depth: ReadonlyMap<ServiceId, number>;
  readonly maxDepth: number;
  goodRatio: number;
  surge: number;
  entryP99: number;
  protectedGood: number;
  maxFail: number;
  impaired: number;
  cpuMean: number;
  cpuMax: number;
  maxBlame: number;
  maxBlameLately: number;
  goodLately: number;
  retries: number;
}

/** Windows back that deltas and slopes look. */
const LOOK_BACK = 2;

/** Windows the means run over. */
const LATELY = 3;

/** What a policy sees of a mesh, computed once per decision. */
export function viewOf(context: DecisionContext): MeshView {
  const view = windowView(context);
  const views = [view];
  for (let k = 1; k < Math.min(LATELY, context.history.length); k++)
    views.push(windowView({ ...context, history: context.history.slice(0, -k) }));
  /** Over the windows in which all that it rests on was seen; where there is none, the newest as it is. */
  const meanOver = (ids: readonly (EdgeId | ServiceId)[]) => {
    const seen = views.filter((v) => ids.every((id) => isSeen(v.context.history.at(-1)!, id)));
    const over = seen.length > 0 ? seen : [view];
    return (of: (v: MeshView) => number) => over.reduce((sum, v) => sum + of(v), 0) / over.length;
  };
  for (const [id, e] of view.edges) {
    const mean = meanOver([id]);
    const then = (v: MeshView) => v.edges.get(id)!;
    e.lately = {
      fail: mean((v) => then(v).fail),
      late: mean((v) => then(v).late),
      p50: mean((v) => then(v).p50),
      p99: mean((v) => then(v).p99),
    };
  }
  for (const [id, s] of view.services)
    s.blameLately = meanOver([id, ...[...s.in, ...s.out].map((e) => e.edge.id)])((v) => v.services.get(id)!.blame);
  view.maxBlameLately = Math.max(0.05, ...[...view.services.values()].map((s) => s.blameLately));
  view.goodLately = meanOver([context.topology.entry])((v) => v.goodRatio);
  return view;
}

/** The newest window alone. */
function windowView(context: DecisionContext): MeshView {
  const { topology, history, healthy } = context;
  const now = history.at(-1)!;
  const then = history.at(-1 - LOOK_BACK) ?? history[0]!;
  const settings = settingsInForce(topology, context.inForce);
  const edges = new Map<EdgeId, EdgeView>();
  for (const edge of Object.values(topology.edges)) {
    const timeoutMs = settings.edges[edge.id]?.timeoutMs ?? edge.timeoutMs;
    edges.set(
      edge.id,
      edgeView(edge, now.edges[edge.id], then.edges[edge.id], healthy.edges[edge.id], finite(timeoutMs)),
    );
  }
  const services = new Map<ServiceId, ServiceView>();
  for (const id of Object.keys(topology.services)) services.set(id, serviceView(id, context, now, then, edges));
  const depth = depthsOf(context);
  const all = [...edges.values()];
  const own = [...services.values()];
  const entry = edges.get(topology.entry)!;
  return {
    context,
    settings,
    edges,
    services,
    depth,
    maxDepth: Math.max(1, ...depth.values()),
    goodRatio: clamp(finite(goodRatio(now)), 0, 1),
    surge: doublings(now.entry.offered, healthy.edges[topology.entry]?.rate),
    entryP99: entry.p99,
    protectedGood: now.entry.protectedOffered > 0 ? share(now.entry.protectedGood, now.entry.protectedOffered) : 1,
    maxFail: Math.max(...all.map((e) => e.fail)),
    impaired: all.filter((e) => e.fail > 0.1 || e.late > 0.1).length / all.length,
    cpuMean: own.reduce((s, v) => s + v.cpu, 0) / own.length,
    cpuMax: Math.max(...own.map((v) => v.cpuMax)),
    maxBlame: Math.max(0.05, ...own.map((v) => v.blame)),
    maxBlameLately: 0.05,
    goodLately: 0,
    retries: Math.max(...all.map((e) => e.retries)),
  };
}

function edgeView(
  edge: Edge,
  now: EdgeWindow | undefined,
  then: EdgeWindow | undefined,
  healthy: HealthyEdge | undefined,
  timeoutMs: number,
): EdgeView {
  const rate = finite(now?.rate);
  const fail = share(now?.failed, rate);
  const attempts = rate + Math.max(0, finite(now?.retries));
  const e = now?.errors;
  // No answers is no information about latency: 0 ms would read as "very fast".
  const quiet = !now || finite(now.latency.p99) <= 0;
  const p99 = quiet ? 0 : doublings(now.latency.p99, healthy?.p99, 0.02);
  const before = !then || finite(then.latency.p99) <= 0 ? 0 : doublings(then.latency.p99, healthy?.p99, 0.02);
  const inFlight = doublings(now?.inFlight, healthy?.inFlight, 1);
  return {
    edge,
    rate: doublings(rate, healthy?.rate),
    attempts: doublings(attempts, healthy?.rate),
    fail,
    http5xx: share(e?.http5xx, rate),
    timeout: share(e?.timeout, rate),
    connect: share(e?.connect, rate),
    reset: share(e?.reset, rate),
    overflow: share(e?.overflow, rate),
    shed: share(e?.shed, rate),
    late: share(rate - finite(now?.failed) - finite(now?.good), rate),
    p50: quiet ? 0 : doublings(now.latency.p50, healthy?.p50, 0.02),
    p99,
    p50OverTimeout: quiet || timeoutMs <= 0 ? 0 : clamp(finite(now.latency.p50) / timeoutMs, 0, 2),
    p99OverTimeout: quiet || timeoutMs <= 0 ? 0 : clamp(finite(now.latency.p99) / timeoutMs, 0, 2),
    p99OverSlo: quiet ? 0 : clamp(finite(now.latency.p99) / Math.max(1, edge.sloLatencyMs), 0, 4),
    inFlight,
    retries: clamp(rate > 0 ? finite(now?.retries) / rate : 0, 0, 3),
    healthyHosts: now && finite(now.hosts) > 0 ? share(now.healthyHosts, now.hosts) : 1,
    ejected: share(now?.ejectedHosts, now?.hosts),
    dFail: fail - share(then?.failed, then?.rate),
    dP99: p99 - before,
    dInFlight: inFlight - doublings(then?.inFlight, healthy?.inFlight, 1),
    lately: { fail, late: 0, p50: 0, p99 },
  };
}

function serviceView(
  id: ServiceId,
  context: DecisionContext,
  now: Snapshot,
  then: Snapshot,
  edges: ReadonlyMap<EdgeId, EdgeView>,
): ServiceView {
  const w = now.services[id];
  const healthy = context.healthy.services[id];
  const into: EdgeView[] = [];
  const out: EdgeView[] = [];
  for (const v of edges.values()) {
    if (v.edge.callee === id) into.push(v);
    if (v.edge.caller === id) out.push(v);
  }
  const replicas = finite(w?.replicas);
  const { excessFail, excessSlow } = excessOf(context, now, into, out);
  const cpuMax = clamp(finite(w?.cpuMax), 0, 2);
  const ready = w && replicas > 0 ? share(w.ready, replicas) : 1;
  const limit = finite(w?.memoryLimit);
  const slope =
    doublings(w?.memoryMax, healthy?.memory, 0) - doublings(then.services[id]?.memoryMax, healthy?.memory, 0);
  return {
    id,
    cpu: clamp(finite(w?.cpu), 0, 2),
    cpuMax,
    memory: doublings(w?.memoryMax, healthy?.memory, 0),
    memoryNearLimit: limit > 0 ? clamp(finite(w?.memoryMax) / limit, 0, 1) : 0,
    memorySlope: clamp(slope, -2, 2),
    ready,
    restarted: finite(w?.restarts) > 0 ? 1 : 0,
    excessFail,
    excessSlow,
    blameLately: 0,
    blame: blameOf(excessFail, excessSlow, cpuMax - finite(healthy?.cpu), ready),
    in: into,
    out,
  };
}

/** What a service's answers are worse by than the worst of its own callees': failures as a share, slowness in doublings. */
function excessOf(
  context: DecisionContext,
  now: Snapshot,
  into: readonly EdgeView[],
  out: readonly EdgeView[],
): { excessFail: number; excessSlow: number } {
  let failIn = 0;
  let p99 = 0;
  let p99Healthy = 0;
  for (const v of into) {
    // What the caller's own proxy refused says nothing of the callee.
    failIn = Math.max(failIn, clamp(v.fail - v.shed - v.overflow, 0, 1));
    p99 = Math.max(p99, finite(now.edges[v.edge.id]?.latency.p99));
    p99Healthy = Math.max(p99Healthy, finite(context.healthy.edges[v.edge.id]?.p99));
  }
  let failOut = 0;
  let below = 0;
  let belowHealthy = 0;
  for (const v of out) {
    if (!v.edge.optional) failOut = Math.max(failOut, v.fail);
    below = Math.max(below, finite(now.edges[v.edge.id]?.latency.p99));
    belowHealthy = Math.max(belowHealthy, finite(context.healthy.edges[v.edge.id]?.p99));
  }
  const own = Math.max(0, p99 - below);
  const ownHealthy = Math.max(p99Healthy - belowHealthy, p99Healthy * 0.2);
  return {
    excessFail: clamp(failIn - failOut, -1, 1),
    excessSlow: p99 > 0 ? clamp(doublings(own, ownHealthy, 0.1), -4, 6) : 0,
  };
}

/** How likely the trouble begins here: own failures, own slowness beyond a doubling, own CPU beyond its healthy use, replicas gone. */
function blameOf(excessFail: number, excessSlow: number, cpuAbove: number, ready: number): number {
  return (
    Math.max(0, excessFail) +
    clamp((excessSlow - 1) / 4, 0, 1) +
    0.5 * clamp(cpuAbove - 0.2, 0, 1) +
    (ready < 1 ? 0.5 * (1 - ready) + 0.1 : 0)
  );
}

/** Calls from the user's entry down to each service, by the shortest way; 0 = the entry service. */
function depthsOf(context: DecisionContext): Map<ServiceId, number> {
  const depth = new Map<ServiceId, number>();
  let layer: ServiceId[] = Object.values(context.topology.edges)
    .filter((e) => e.caller === INGRESS)
    .map((e) => e.callee);
  for (let d = 0; layer.length > 0; d++) {
    const next: ServiceId[] = [];
    for (const id of layer) {
      if (depth.has(id)) continue;
      depth.set(id, d);
      for (const e of Object.values(context.topology.edges)) if (e.caller === id) next.push(e.callee);
    }
    layer = next;
  }
  return depth;
}
