import type { MeshSettings } from '../../mesh/settings.ts';
import { type EdgeId, INGRESS, type ServiceId } from '../../mesh/topology.ts';
import type { MeshSpec, ServiceSpec } from './spec.ts';

/** Representative requests followed through the mesh in each step. */
export const SAMPLES = 16;
/** Most replicas of one service. */
export const SLOTS = 6;
const TABLE = 64;

/** A {@link MeshSpec} as arrays: services and edges by number, services so that callees (and stand-bys) come first. */
export interface Compiled {
  readonly spec: MeshSpec;
  readonly serviceIds: readonly ServiceId[];
  readonly edgeIds: readonly EdgeId[];
  readonly serviceIndex: ReadonlyMap<ServiceId, number>;
  readonly edgeIndex: ReadonlyMap<EdgeId, number>;
  readonly specs: readonly ServiceSpec[];
  readonly caller: Int32Array; // −1 = the users
  readonly callee: Int32Array;
  readonly backup: Int32Array; // of the callee, −1 = none
  readonly backupTakesWrites: Uint8Array;
  readonly calls: Float64Array;
  readonly safeShare: Float64Array;
  readonly optional: Uint8Array;
  readonly slo: Float64Array;
  readonly out: readonly (readonly number[])[];
  readonly into: readonly (readonly number[])[];
  readonly entry: number;
  /** Own time in ms by quantile, per service [service × 64]. */
  readonly ownTable: Float64Array;
}

export function compile(spec: MeshSpec): Compiled {
  const { topology } = spec;
  const serviceIds = calleesFirst(spec);
  const serviceIndex = new Map(serviceIds.map((id, i) => [id, i]));
  const edges = Object.values(topology.edges);
  const at = (id: ServiceId | undefined) => (id === undefined ? -1 : (serviceIndex.get(id) ?? -1));
  const ownTable = new Float64Array(serviceIds.length * TABLE);
  serviceIds.forEach((id, s) => {
    const { ownMs, variation } = spec.services[id]!;
    // Log-normal with the given mean: exp(σz − σ²/2).
    const sigma = Math.sqrt(Math.log(1 + variation * variation));
    for (let i = 0; i < TABLE; i++)
      ownTable[s * TABLE + i] = ownMs * Math.exp(sigma * normalQuantile((i + 0.5) / TABLE) - (sigma * sigma) / 2);
  });
  return {
    spec,
    serviceIds,
    edgeIds: edges.map((e) => e.id),
    serviceIndex,
    edgeIndex: new Map(edges.map((e, i) => [e.id, i])),
    specs: serviceIds.map((id) => spec.services[id]!),
    caller: Int32Array.from(edges, (e) => (e.caller === INGRESS ? -1 : at(e.caller))),
    callee: Int32Array.from(edges, (e) => at(e.callee)),
    backup: Int32Array.from(edges, (e) => at(topology.services[e.callee]?.failover)),
    backupTakesWrites: Uint8Array.from(edges, (e) => (topology.services[e.callee]?.failoverWrites ? 1 : 0)),
    calls: Float64Array.from(edges, (e) => spec.edges[e.id]!.calls),
    safeShare: Float64Array.from(edges, (e) => spec.edges[e.id]!.safeShare),
    optional: Uint8Array.from(edges, (e) => (e.optional ? 1 : 0)),
    slo: Float64Array.from(edges, (e) => e.sloLatencyMs),
    out: serviceIds.map((id) => edges.flatMap((e, i) => (e.caller === id ? [i] : []))),
    into: serviceIds.map((id) => edges.flatMap((e, i) => (e.callee === id ? [i] : []))),
    entry: edges.findIndex((e) => e.id === topology.entry),
    ownTable,
  };
}

/** Services in the order in which answers can be computed. @throws where calls go in a circle. */
function calleesFirst(spec: MeshSpec): ServiceId[] {
  const done: ServiceId[] = [];
  const open = new Set<ServiceId>();
  const visit = (id: ServiceId): void => {
    if (done.includes(id) || id === INGRESS) return;
    if (open.has(id)) throw new Error(`calls go in a circle through ${id}`);
    open.add(id);
    for (const e of Object.values(spec.topology.edges)) {
      if (e.caller !== id) continue;
      const stand = spec.topology.services[e.callee]?.failover;
      if (stand !== undefined) visit(stand);
      visit(e.callee);
    }
    open.delete(id);
    done.push(id);
  };
  for (const id of Object.keys(spec.topology.services)) visit(id);
  return done;
}

/** Inverse of the standard normal's distribution (Acklam's rational approximation, relative error < 1.2e-9). */
function normalQuantile(p: number): number {
  const a = [
    -39.6968302866538, 220.946098424521, -275.928510446969, 138.357751867269, -30.6647980661472, 2.50662827745924,
  ];
  const b = [-54.4760987982241, 161.585836858041, -155.698979859887, 66.8013118877197, -13.2806815528857];
  const c = [
    -0.00778489400243029, -0.322396458041136, -2.40075827716184, -2.54973253934373, 4.37466414146497, 2.93816398269878,
  ];
  const d = [0.00778469570904146, 0.32246712907004, 2.445134137143, 3.75440866190742];
  const tail = (q: number) =>
    (((((c[0]! * q + c[1]!) * q + c[2]!) * q + c[3]!) * q + c[4]!) * q + c[5]!) /
    ((((d[0]! * q + d[1]!) * q + d[2]!) * q + d[3]!) * q + 1);
  if (p < 0.02425) return tail(Math.sqrt(-2 * Math.log(p)));
  if (p > 1 - 0.02425) return -tail(Math.sqrt(-2 * Math.log(1 - p)));
  const q = p - 0.5;
  const r = q * q;
  return (
    ((((((a[0]! * r + a[1]!) * r + a[2]!) * r + a[3]!) * r + a[4]!) * r + a[5]!) * q) /
    (((((b[0]! * r + b[1]!) * r + b[2]!) * r + b[3]!) * r + b[4]!) * r + 1)
  );
}

/** {@link MeshSettings} as arrays. `Infinity` and −1 stand for "not set". */
export interface CompiledSettings {
  readonly timeout: Float64Array;
  readonly attempts: Int32Array;
  readonly backoff: Float64Array;
  readonly budget: Float64Array;
  readonly maxRequests: Float64Array;
  readonly outlierFailures: Int32Array;
  readonly ejectMs: Float64Array;
  readonly maxEjection: Float64Array;
  readonly rateLimit: Float64Array;
  readonly admission: Float64Array;
  readonly failover: Float64Array;
  readonly replicas: Int32Array;
}

export function compileSettings(c: Compiled, settings: MeshSettings): CompiledSettings {
  const edges = c.edgeIds.map((id) => settings.edges[id]!);
  // Envoy has one set of outlier detection's runtime keys: what one edge asks for holds for all callees of its caller.
  const outliers = edges.map((_, i) =>
    edges.flatMap((e, k) => (c.caller[k] === c.caller[i] && e.outlier ? [e.outlier] : [])),
  );
  return {
    timeout: Float64Array.from(edges, (e) => e.timeoutMs),
    attempts: Int32Array.from(edges, (e) => e.retry.attempts),
    backoff: Float64Array.from(edges, (e) => e.retry.backoffMs),
    budget: Float64Array.from(edges, (e) => e.retry.budgetPercent / 100),
    maxRequests: Float64Array.from(edges, (e) => e.maxRequests ?? Number.POSITIVE_INFINITY),
    outlierFailures: Int32Array.from(outliers, (o) =>
      o.length === 0 ? -1 : Math.min(...o.map((x) => x.consecutiveFailures)),
    ),
    ejectMs: Float64Array.from(outliers, (o) => Math.max(0, ...o.map((x) => x.ejectMs))),
    maxEjection: Float64Array.from(outliers, (o) => Math.max(0, ...o.map((x) => x.maxEjectionPercent)) / 100),
    rateLimit: Float64Array.from(edges, (e) => e.rateLimit ?? Number.POSITIVE_INFINITY),
    admission: Float64Array.from(edges, (e) => e.admission?.aggression ?? 0),
    failover: Float64Array.from(edges, (e) => e.failoverShare),
    replicas: Int32Array.from(c.serviceIds, (id) => Math.min(SLOTS, settings.services[id]?.replicas ?? 1)),
  };
}
