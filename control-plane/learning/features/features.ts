import { type Action, type Mitigation, type MitigationKind, mitigationKinds } from '../../mesh/mitigation.ts';
import { resolve } from '../../mesh/resolve.ts';
import type { Setting } from '../../mesh/settings.ts';
import { type Candidate, lastRemovable } from '../candidates.ts';
import { clamp, doublings, finite } from './numbers.ts';
import type { EdgeView, MeshView, ServiceView } from './view.ts';

/** What one feature reads, given the candidate's place in the mesh. */
interface Place {
  readonly view: MeshView;
  readonly mitigation: Mitigation;
  readonly setting: Setting | undefined;
  readonly remove: boolean;
  /** The target edge; for a service its busiest incoming edge. */
  readonly edge: EdgeView;
  readonly callee: ServiceView | undefined;
  readonly caller: ServiceView | undefined;
  readonly backup: ServiceView | undefined;
}

export interface Feature {
  readonly name: string;
  readonly doc: string;
  readonly of: (p: Place) => number;
}

const f = (name: string, doc: string, of: (p: Place) => number): Feature => ({ name, doc, of });
const most = (views: readonly EdgeView[] | undefined, of: (v: EdgeView) => number): number =>
  views ? views.reduce((m, v) => Math.max(m, of(v)), 0) : 0;

const kinds = Object.keys(mitigationKinds) as MitigationKind[];

/** The strength as 0 (mildest on offer) .. 1 (strongest on offer). */
function strength(p: Place): number {
  const offered: readonly number[] = mitigationKinds[p.mitigation.kind].strengths;
  const [first, last] = [offered[0]!, offered.at(-1)!];
  return first === last ? 1 : clamp((p.mitigation.strength - first) / (last - first), 0, 1);
}

/** The new bound ÷ what the edge uses now, in doublings: below 0 it bites. 0 for kinds without a bound. */
function squeeze(p: Place): number {
  if (!p.setting || !('edge' in p.setting)) return 0;
  const { change } = p.setting;
  const now = p.view.context.history.at(-1)!.edges[p.edge.edge.id];
  if (change.timeoutMs !== undefined) return doublings(change.timeoutMs, now?.latency.p50, 0.01);
  if (change.rateLimit !== undefined) return doublings(change.rateLimit, now?.rate, 0.01);
  if (change.maxRequests !== undefined) return doublings(change.maxRequests, now?.inFlight, 0.01);
  return 0;
}

/** The new bound ÷ the one in force, in doublings. */
function tighter(p: Place): number {
  if (!p.setting || !('edge' in p.setting)) return 0;
  const { change } = p.setting;
  const now = p.view.settings.edges[p.edge.edge.id];
  if (change.timeoutMs !== undefined) return doublings(change.timeoutMs, now?.timeoutMs, 0);
  if (change.rateLimit !== undefined && now?.rateLimit !== undefined) return doublings(change.rateLimit, now.rateLimit);
  if (change.maxRequests !== undefined && now?.maxRequests !== undefined)
    return doublings(change.maxRequests, now.maxRequests);
  return 0;
}

/** The worst failed or late share among the callee's own edges whose other end the backup calls too: failing over leads there. */
function sharedTrouble(p: Place): number {
  if (!p.backup || !p.callee) return 0;
  const called = new Set(p.backup.out.map((v) => v.edge.callee));
  return most(p.callee.out, (v) => (called.has(v.edge.callee) ? Math.min(1, v.fail + v.late) : 0));
}

const inForce = (p: Place) => p.view.settings.edges[p.edge.edge.id];
const healthyEdge = (p: Place) => p.view.context.healthy.edges[p.edge.edge.id];
const services = (p: Place) => p.view.context.topology.services;

/**
 * The state of a candidate, all relative to the target's own healthy state. No feature names a fault, a world or a service.
 * The order is part of the model: its card lists the names, and a model whose list differs is refused.
 */
export const FEATURES: readonly Feature[] = [
  ...kinds.map((kind) => f(`is ${kind}`, `1 for a ${kind} candidate`, (p) => (p.mitigation.kind === kind ? 1 : 0))),
  f('strength', 'mildest 0 .. strongest 1 of those on offer', strength),
  f('off', 'retries turned off', (p) => (p.mitigation.kind === 'retry' && p.mitigation.strength === 0 ? 1 : 0)),
  f('remove', 'takes the last mitigation back instead of adding one', (p) => (p.remove ? 1 : 0)),
  f('squeeze', 'new bound ÷ present use, doublings', squeeze),
  f('tighter', 'new bound ÷ bound in force, doublings', tighter),

  f('rate', 'requests, doublings', (p) => p.edge.rate),
  f('attempts', 'requests and retries over healthy requests, doublings', (p) => p.edge.attempts),
  f('fail', 'failed share', (p) => p.edge.fail),
  f('http5xx', 'answered 5xx, share of requests', (p) => p.edge.http5xx),
  f('timeout', 'timed out, share of requests', (p) => p.edge.timeout),
  f('connect', 'no connection, share of requests', (p) => p.edge.connect),
  f('reset', 'reset, share of requests', (p) => p.edge.reset),
  f('overflow', 'refused by a circuit breaker, share of requests', (p) => p.edge.overflow),
  f('shed', 'refused by load shedding, share of requests', (p) => p.edge.shed),
  f('late', 'answered too late, share', (p) => p.edge.late),
  f('p50', 'median latency, doublings', (p) => p.edge.p50),
  f('p99', 'p99 latency, doublings', (p) => p.edge.p99),
  f('p50/timeout', 'median ÷ time-out in force', (p) => p.edge.p50OverTimeout),
  f('p99/timeout', 'p99 ÷ time-out in force', (p) => p.edge.p99OverTimeout),
  f('p99/slo', 'p99 ÷ SLO latency', (p) => p.edge.p99OverSlo),
  f('in flight', 'doublings', (p) => p.edge.inFlight),
  f('retries', 'retries per request', (p) => p.edge.retries),
  f('healthy hosts', 'share of the callee’s endpoints', (p) => p.edge.healthyHosts),
  f('ejected', 'share of endpoints ejected', (p) => p.edge.ejected),
  f('Δfail', 'change of the failed share', (p) => p.edge.dFail),
  f('Δp99', 'change of p99, doublings', (p) => p.edge.dP99),
  f('Δin flight', 'change, doublings', (p) => p.edge.dInFlight),

  f('fail lately', 'failed share, mean of three windows', (p) => p.edge.lately.fail),
  f('late lately', 'answered too late, mean of three windows', (p) => p.edge.lately.late),
  f('p50 lately', 'median latency, doublings, mean of three windows', (p) => p.edge.lately.p50),
  f('p99 lately', 'p99 latency, doublings, mean of three windows', (p) => p.edge.lately.p99),

  f('several hosts', '1 − 1 ÷ endpoints: whether a bad one can be gone round', (p) => {
    const replicas = finite(p.view.settings.services[p.edge.edge.callee]?.replicas);
    return replicas > 1 ? 1 - 1 / replicas : 0;
  }),
  f('callee cpu', 'mean use', (p) => p.callee?.cpu ?? 0),
  f('callee cpu spread', 'largest − mean', (p) => (p.callee ? p.callee.cpuMax - p.callee.cpu : 0)),
  f('callee memory', 'largest, doublings', (p) => p.callee?.memory ?? 0),
  f('callee memory/limit', 'largest ÷ limit', (p) => p.callee?.memoryNearLimit ?? 0),
  f('callee memory slope', 'doublings since two windows before', (p) => p.callee?.memorySlope ?? 0),
  f('callee ready', 'share of replicas', (p) => p.callee?.ready ?? 1),
  f('callee restarted', 'in this window', (p) => p.callee?.restarted ?? 0),
  f('callee headroom', 'replicas that may be added ÷ present', (p) => {
    const id = p.edge.edge.callee;
    const now = Math.max(1, finite(p.view.settings.services[id]?.replicas));
    return clamp((finite(services(p)[id]?.maxReplicas) - now) / now, 0, 2);
  }),
  f('callee excess fail', 'failures its own callees do not explain', (p) => p.callee?.excessFail ?? 0),
  f('callee excess slow', 'slowness its own callees do not explain, doublings', (p) => p.callee?.excessSlow ?? 0),
  f('callee blame', 'how likely trouble begins in the callee ÷ the most blamed', (p) =>
    p.callee ? p.callee.blame / p.view.maxBlame : 0,
  ),
  f('callee blame lately', 'the same over three windows', (p) =>
    p.callee ? p.callee.blameLately / p.view.maxBlameLately : 0,
  ),
  f('caller blame', 'how likely it begins in the caller', (p) => (p.caller ? p.caller.blame / p.view.maxBlame : 0)),

  f('children fail', 'worst failed share one hop down', (p) => most(p.callee?.out, (v) => v.fail)),
  f('children p99', 'slowest one hop down, doublings', (p) => most(p.callee?.out, (v) => v.p99)),
  f('children in flight', 'fullest one hop down, doublings', (p) => most(p.callee?.out, (v) => v.inFlight)),
  f('parents fail', 'worst failed share one hop up', (p) => most(p.caller?.in, (v) => v.fail)),
  f('parents p99', 'slowest one hop up, doublings', (p) => most(p.caller?.in, (v) => v.p99)),
  f('siblings fail', 'worst of the caller’s other edges', (p) =>
    most(p.caller?.out, (v) => (v === p.edge ? 0 : v.fail)),
  ),
  f('siblings p99', 'slowest of the caller’s other edges, doublings', (p) =>
    most(p.caller?.out, (v) => (v === p.edge ? 0 : v.p99)),
  ),
  f('caller cpu', 'largest use', (p) => p.caller?.cpuMax ?? 0),

  f('backup', 'the callee has a redundant service', (p) => (p.backup ? 1 : 0)),
  f('backup ready', 'share of its replicas', (p) => p.backup?.ready ?? 0),
  f('backup fail', 'worst failed share into it', (p) => most(p.backup?.in, (v) => v.fail)),
  f('backup asks the same', 'what ails the callee’s own callees that the backup calls as well', (p) =>
    sharedTrouble(p),
  ),
  f('backup cpu', 'largest use', (p) => p.backup?.cpuMax ?? 0),

  f('timeout in force', 'below what the application asks for, doublings', (p) =>
    doublings(inForce(p)?.timeoutMs, p.edge.edge.timeoutMs, 0),
  ),
  f('timeout/healthy p99', 'time-out in force over healthy p99, doublings', (p) =>
    doublings(inForce(p)?.timeoutMs, healthyEdge(p)?.p99, 0, 8),
  ),
  f('retries in force', 'attempts after the first', (p) => clamp(finite(inForce(p)?.retry.attempts), 0, 4)),
  f('breaker in force', '', (p) => (inForce(p)?.maxRequests === undefined ? 0 : 1)),
  f('outlier in force', 'strictness', (p) => {
    const o = inForce(p)?.outlier;
    return o ? clamp(2 / Math.max(1, finite(o.consecutiveFailures)), 0, 1) : 0;
  }),
  f('limit in force', '', (p) => (inForce(p)?.rateLimit === undefined ? 0 : 1)),
  f('admission in force', '', (p) => (inForce(p)?.admission === undefined ? 0 : 1)),
  f('failover in force', 'share', (p) => clamp(finite(inForce(p)?.failoverShare), 0, 1)),
  f('replicas added', 'over what the application asks for', (p) => {
    const id = p.edge.edge.callee;
    return clamp(finite(p.view.settings.services[id]?.replicas) - finite(services(p)[id]?.replicas), 0, 4);
  }),

  f('idempotent', 'none 0, safe 0.5, all 1', (p) => ({ none: 0, safe: 0.5, all: 1 })[p.edge.edge.idempotent] ?? 0),
  f('optional', 'the caller answers without it', (p) => (p.edge.edge.optional ? 1 : 0)),
  f('entry', 'the user’s own edge', (p) => (p.edge.edge.id === p.view.context.topology.entry ? 1 : 0)),
  f('leaf', 'the callee calls nobody', (p) => (p.callee && p.callee.out.length > 0 ? 0 : 1)),
  f('external', 'the callee is outside the application', (p) => (services(p)[p.edge.edge.callee]?.external ? 1 : 0)),
  f('depth', 'of the callee ÷ deepest', (p) => (p.view.depth.get(p.edge.edge.callee) ?? 0) / p.view.maxDepth),
  f('weight', 'healthy rate over the entry’s, doublings', (p) =>
    doublings(healthyEdge(p)?.rate, p.view.context.healthy.edges[p.view.context.topology.entry]?.rate, 0.01),
  ),

  f('mesh good', 'good ratio at the entry', (p) => p.view.goodRatio),
  f('mesh good lately', 'mean of three windows', (p) => p.view.goodLately),
  f('mesh protected good', 'of the protected priority', (p) => p.view.protectedGood),
  f('mesh surge', 'offered at the entry, doublings', (p) => p.view.surge),
  f('mesh p99', 'at the entry, doublings', (p) => p.view.entryP99),
  f('mesh worst fail', 'worst failed share anywhere', (p) => p.view.maxFail),
  f('mesh impaired', 'share of edges that fail or are late', (p) => p.view.impaired),
  f('mesh cpu', 'mean use', (p) => p.view.cpuMean),
  f('mesh cpu max', 'largest use', (p) => p.view.cpuMax),
  f('mesh retries', 'most retries per request anywhere', (p) => p.view.retries),
  f('steps', 'taken ÷ 4', (p) => p.view.context.steps.length / 4),
  f('leases', 'mitigations in force ÷ 4', (p) => clamp(p.view.context.inForce.length / 4, 0, 2)),
  f('age', 'time since onset, doublings of a second', (p) => {
    const seconds = (finite(p.view.context.now) - finite(p.view.context.onset)) / 1000;
    return clamp(Math.log2(1 + Math.max(0, finite(seconds))), 0, 7);
  }),
];

export const FEATURE_COUNT = FEATURES.length;
export const featureNames: readonly string[] = FEATURES.map((x) => x.name);

/**
 * Writes a candidate's {@link FEATURE_COUNT} numbers at `offset`. `wait` has no row (its value is 0 by definition) and
 * returns false, as does a target that is not in the mesh.
 */
function writeRow(view: MeshView, candidate: Candidate, out: Float32Array, offset: number): boolean {
  const place = placeOf(view, candidate);
  if (!place) return false;
  for (let i = 0; i < FEATURE_COUNT; i++) {
    const x = FEATURES[i]!.of(place);
    out[offset + i] = Number.isFinite(x) ? x : 0;
  }
  return true;
}

/** Rows of several candidates as one [n, FEATURE_COUNT] matrix. Candidates without a row are left out of `rows`. */
export function matrixOf(view: MeshView, candidates: readonly Candidate[]): { x: Float32Array; rows: number[] } {
  const x = new Float32Array(candidates.length * FEATURE_COUNT);
  const rows: number[] = [];
  candidates.forEach((c, i) => {
    if (writeRow(view, c, x, rows.length * FEATURE_COUNT)) rows.push(i);
  });
  return { x: x.subarray(0, rows.length * FEATURE_COUNT), rows };
}

function placeOf(view: MeshView, candidate: Candidate): Place | undefined {
  const remove = candidate.action.do === 'remove-last';
  const mitigation = mitigationOf(view, candidate.action);
  if (!mitigation) return undefined;
  const target = mitigation.target;
  const edge =
    'edge' in target ? view.edges.get(target.edge) : busiest(view, view.services.get(target.service)?.in ?? []);
  if (!edge) return undefined;
  const failover = view.context.topology.services[edge.edge.callee]?.failover;
  return {
    view,
    mitigation,
    setting: remove ? undefined : (candidate.setting ?? settingOf(view, mitigation)),
    remove,
    edge,
    callee: view.services.get(edge.edge.callee),
    caller: view.services.get(edge.edge.caller),
    backup: failover === undefined ? undefined : view.services.get(failover),
  };
}

function mitigationOf(view: MeshView, action: Action): Mitigation | undefined {
  if (action.do === 'apply') return action.mitigation;
  return action.do === 'remove-last' ? lastRemovable(view.context.inForce)?.mitigation : undefined;
}

function settingOf(view: MeshView, mitigation: Mitigation): Setting | undefined {
  const setting = resolve(mitigation, view.context.topology, view.context.healthy);
  return typeof setting === 'string' ? undefined : setting;
}

/** The edge with the most healthy traffic. */
function busiest(view: MeshView, into: readonly EdgeView[]): EdgeView | undefined {
  let best: EdgeView | undefined;
  let most = -1;
  for (const v of into) {
    const rate = finite(view.context.healthy.edges[v.edge.id]?.rate);
    if (rate > most) {
      most = rate;
      best = v;
    }
  }
  return best;
}
