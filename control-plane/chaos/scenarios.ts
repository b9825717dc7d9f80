import { type Fault, type FaultClass, type FaultKind, type FaultTarget, faultKinds } from '../mesh/fault.ts';
import { edgesTo, type Service, type ServiceId, type Topology } from '../mesh/topology.ts';

/** A fault without its magnitude, duration and seed: what the curriculum keeps accounts of. */
export interface Scenario {
  /** `kind@target` or `kind@target#replica`, with `~` and the share where only a part of requests is hit. */
  readonly key: string;
  readonly kind: FaultKind;
  readonly class: FaultClass;
  readonly target: FaultTarget;
  readonly share: number;
  /** Where magnitude starts: meant to be felt at once. */
  readonly magnitude: number;
  /** 0..1: how likely something that the mesh can do heals it. Only an order of trying, never a feature. */
  readonly prospect: number;
}

export interface ScenarioOptions {
  /** Kinds to draw from; absent = all the world can. */
  readonly kinds?: readonly FaultKind[];
  /** Services never aimed at. */
  readonly exclude?: readonly ServiceId[];
}

/** Kinds that the world can inject and the options allow. */
export const allowedKinds = (possible: ReadonlySet<FaultKind>, { kinds }: ScenarioOptions): ReadonlySet<FaultKind> =>
  kinds ? new Set(kinds.filter((kind) => possible.has(kind))) : possible;

/** First magnitudes by kind; see `faultKinds[kind].magnitude` for what they mean. */
const firstMagnitude: Record<FaultKind, number> = {
  latency: 0.5,
  'packet-loss': 0.7,
  bandwidth: 0.9,
  outage: 0.9,
  corruption: 0.6,
  cpu: 0.9,
  memory: 0.9,
  load: 0.6,
  dependency: 0.9,
  exception: 1,
  abort: 1,
};

/** Every fault that makes sense on this topology in this world, replicas and parts of the traffic included. */
export function scenariosOf(
  topology: Topology,
  possible: ReadonlySet<FaultKind>,
  options: ScenarioOptions = {},
): Scenario[] {
  const allowed = allowedKinds(possible, options);
  const kinds = (Object.keys(faultKinds) as FaultKind[]).filter((k) => allowed.has(k));
  const entry = topology.edges[topology.entry]?.callee;
  const standbys = new Set(Object.values(topology.services).flatMap((s) => (s.failover ? [s.failover] : [])));
  const out: Scenario[] = [];
  for (const service of Object.values(topology.services)) {
    // A standby is idle until needed: a fault there is felt by nobody.
    if (options.exclude?.includes(service.id) || standbys.has(service.id)) continue;
    if (edgesTo(topology, service.id).length === 0) continue;
    for (const kind of kinds) out.push(...ofService(topology, service, kind, service.id === entry));
  }
  return out;
}

function ofService(topology: Topology, service: Service, kind: FaultKind, entry: boolean): Scenario[] {
  if ((kind === 'dependency') !== service.external) return [];
  const spare = service.failover !== undefined;
  const optional = edgesTo(topology, service.id).every((e) => e.optional);
  const retriable = edgesTo(topology, service.id).some((e) => e.idempotent !== 'none');
  const grows = service.maxReplicas > service.replicas;
  const many = service.replicas > 1;
  const whole = spare ? 1 : entry ? 0.1 : optional ? 0.4 : 0.25;
  const one = (replica: number, prospect: number) => scenario(service.id, kind, { replica, prospect });
  const all = (prospect: number, more: Partial<Scenario> = {}) => scenario(service.id, kind, { prospect, ...more });

  switch (kind) {
    case 'dependency':
      // Slow, and failing: magnitudes below and above one half are different faults.
      return [
        all(callersHaveSpare(topology, service.id) ? 0.9 : 0.35),
        all(callersHaveSpare(topology, service.id) ? 0.8 : 0.3, { magnitude: 0.45 }),
      ];
    case 'outage':
      return [
        ...(many ? [one(0, 0.9), scenario(service.id, kind, { replica: 0, prospect: 0.8, magnitude: 0.4 })] : []),
        ...(spare || (!entry && !many) ? [all(whole)] : []),
      ];
    case 'abort':
    case 'exception':
      return [
        ...(many ? [one(0, 0.9)] : []),
        ...(retriable ? [all(Math.max(0.7, whole), { share: 0.4 })] : []),
        ...(entry ? [] : [all(whole)]),
      ];
    case 'latency':
      return [...(many ? [one(0, 0.7)] : []), ...(entry ? [] : [all(whole)])];
    case 'corruption':
      return [...(many ? [one(0, 0.7)] : []), all(whole)];
    case 'cpu':
    case 'memory':
      return [...(many ? [one(0, 0.6)] : []), all(grows ? Math.max(0.5, whole) : whole)];
    case 'load':
      // More users than the application can carry come in at the entry or not at all.
      return entry ? [all(0.9)] : [];
    case 'packet-loss':
    case 'bandwidth':
      return [all(whole)];
  }
}

/** A failing dependency can be answered around when somebody above it has a redundant service. */
function callersHaveSpare(topology: Topology, id: ServiceId): boolean {
  return edgesTo(topology, id).some((e) => topology.services[e.caller]?.failover !== undefined);
}

function scenario(
  service: ServiceId,
  kind: FaultKind,
  o: { replica?: number; prospect: number; share?: number; magnitude?: number },
): Scenario {
  const share = o.share ?? 1;
  const magnitude = o.magnitude ?? firstMagnitude[kind];
  // Half a kind by its magnitude (hang or kill, slow or failing) is a trouble of its own.
  const low = (kind === 'outage' || kind === 'dependency') && magnitude < 0.5 ? '-low' : '';
  const replica = o.replica === undefined ? '' : `#${o.replica}`;
  return {
    key: `${kind}${low}@${service}${replica}${share < 1 ? `~${share}` : ''}`,
    kind,
    class: faultKinds[kind].class,
    target: o.replica === undefined ? { service } : { service, replica: o.replica },
    share,
    magnitude,
    prospect: o.prospect,
  };
}

/** The fault of a scenario at a magnitude. */
export function faultOf(s: Scenario, magnitude: number, durationMs: number, seed: number): Fault {
  return { kind: s.kind, target: s.target, magnitude, share: s.share, durationMs, seed };
}

/** The scenario's key of a fault that was injected before. */
export function keyOf(fault: Fault): string {
  const low = (fault.kind === 'outage' || fault.kind === 'dependency') && fault.magnitude < 0.5 ? '-low' : '';
  const target =
    'edge' in fault.target
      ? fault.target.edge
      : fault.target.service + (fault.target.replica === undefined ? '' : `#${fault.target.replica}`);
  return `${fault.kind}${low}@${target}${fault.share < 1 ? `~${fault.share}` : ''}`;
}
