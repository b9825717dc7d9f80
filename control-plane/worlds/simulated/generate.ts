import type { Rng } from '../../mesh/rng.ts';
import { type Edge, type EdgeId, edgeId, INGRESS, type Service, type ServiceId } from '../../mesh/topology.ts';
import type { EdgeSpec, MeshSpec, ServiceSpec } from './spec.ts';

/**
 * A random application of the shape real ones have: an entry that calls several, two to four calls deep, perhaps a dependency
 * outside, perhaps a redundant service, one to three replicas, some calls optional. Capacities are drawn around the load, from
 * roomy to tight.
 */
export function randomMesh(rng: Rng): MeshSpec {
  const n = 3 + rng.below(8);
  const names = Array.from({ length: n }, (_, i) => `s${i}`);
  const parent = names.map((_, i) => (i === 0 ? -1 : i < 3 || rng.chance(0.45) ? 0 : 1 + rng.below(i - 1)));
  const pairs: [number, number][] = names.flatMap((_, i) => (i === 0 ? [] : [[parent[i]!, i] as [number, number]]));
  // A service called from two places.
  if (n > 4 && rng.chance(0.4)) {
    const callee = 2 + rng.below(n - 2);
    const caller = rng.below(callee);
    if (caller !== parent[callee]) pairs.push([caller, callee]);
  }
  const leaves = names.filter((_, i) => i > 0 && !pairs.some(([from]) => from === i));
  const external = leaves.length > 1 && rng.chance(0.6) ? leaves.at(-1) : undefined;
  const standIn = new Map<ServiceId, ServiceId>();
  for (const id of names.slice(1))
    if (id !== external && rng.chance(leaves.includes(id) ? 0.5 : 0.3)) standIn.set(id, `${id}-standby`);

  const edgeSpecs: Record<EdgeId, EdgeSpec> = {};
  const callsOf = new Map<ServiceId, number>([[names[0]!, 1]]);
  const byCaller = [...pairs].sort((a, b) => a[0] - b[0]);
  const wiring: { from: number; to: number; calls: number }[] = [];
  for (const [from, to] of byCaller) {
    const calls = rng.chance(0.45) ? 1 : rng.between(0.2, 0.9);
    wiring.push({ from, to, calls });
    callsOf.set(names[to]!, (callsOf.get(names[to]!) ?? 0) + (callsOf.get(names[from]!) ?? 0.5) * calls);
  }
  const offered = 8 * 8 ** rng.uniform() * (rng.chance(0.1) ? 3 : 1);

  const serviceSpecs: Record<ServiceId, ServiceSpec> = {};
  const services: Record<ServiceId, Service> = {};
  for (const id of [...names, ...standIn.values()]) {
    const isStandIn = [...standIn.values()].includes(id);
    const like = isStandIn ? id.replace('-standby', '') : id;
    const replicas = id === external ? 1 : isStandIn ? 1 + rng.below(2) : rng.pick([1, 1, 2, 2, 2, 3]);
    const rate = Math.max(0.5, offered * (callsOf.get(like) ?? 1));
    serviceSpecs[id] = randomService(rng, rate / replicas, id === external);
    services[id] = {
      id,
      replicas,
      minReplicas: 1,
      maxReplicas: id === external ? replicas : Math.min(6, replicas + rng.pick([0, 1, 2, 2, 3])),
      ...(standIn.has(id) ? { failover: standIn.get(id)! } : {}),
      failoverWrites: rng.chance(0.5),
      external: id === external,
    };
  }
  const topology = {
    application: 'random',
    services,
    edges: {} as Record<EdgeId, Edge>,
    entry: edgeId(INGRESS, names[0]!),
  };
  const quick = usualLatency(names, wiring, serviceSpecs);
  const asksToo = new Map([...standIn.values()].map((id) => [id, rng.chance(0.6)]));
  const add = (caller: ServiceId, callee: ServiceId, calls: number) => {
    const id = edgeId(caller, callee);
    const idempotent = rng.pick(['safe', 'safe', 'all', 'none'] as const);
    const timeoutMs = Math.max(rng.pick([500, 800, 1000, 1000, 1500, 2000, 3000]), 6 * quick.get(callee)!);
    topology.edges[id] = {
      id,
      caller,
      callee,
      sloLatencyMs: Math.max(rng.pick([200, 250, 300, 400, 500]), 4 * quick.get(callee)!),
      timeoutMs: caller === INGRESS ? Math.max(timeoutMs, rng.pick([1500, 3000, 5000])) : timeoutMs,
      retries: caller === INGRESS ? 0 : rng.pick([0, 0, 0, 1, 2]),
      idempotent,
      optional: caller !== INGRESS && rng.chance(0.15),
    };
    edgeSpecs[id] = {
      calls,
      safeShare: idempotent === 'all' ? 1 : idempotent === 'none' ? 0 : rng.pick([1, 1, rng.between(0.4, 1)]),
    };
  };
  add(INGRESS, names[0]!, 1);
  for (const { from, to, calls } of wiring) {
    add(names[from]!, names[to]!, calls);
    // Some stand-ins ask the same callees, others answer from what they have.
    const standby = standIn.get(names[from]!);
    if (standby !== undefined && asksToo.get(standby)) add(standby, names[to]!, calls);
  }
  return {
    topology,
    services: serviceSpecs,
    edges: edgeSpecs,
    offered,
    protectedShare: rng.between(0.1, 0.5),
    swing: rng.between(0, 0.12),
    retryElsewhere: rng.chance(0.9),
    pushMs: rng.between(100, 900),
    noise: rng.between(0.03, 0.3),
    weather: rng.chance(0.5) ? { share: rng.between(0.02, 0.25), meanMs: rng.between(3, 60) } : { share: 0, meanMs: 0 },
  };
}

function randomService(rng: Rng, rate: number, external: boolean): ServiceSpec {
  const ownMs = external ? rng.between(10, 60) : 2 * 12 ** rng.uniform();
  const cpuMs = ownMs * (external ? 0.05 : rng.between(0.15, 0.9));
  const workers = rng.pick([4, 4, 6, 8, 8, 12, 16, 32]);
  // Where the drawn work does not fit the load, the work shrinks: a healthy application runs at 4–70% of what it can.
  const load = rng.between(0.04, 0.7);
  const fit = Math.min(1, load / ((rate * cpuMs) / 1000), (load * workers) / ((rate * ownMs) / 1000));
  const memory = 60e6 * 4 ** rng.uniform();
  return {
    ownMs: ownMs * fit,
    variation: rng.between(0.2, 1.2),
    cpuMs: cpuMs * fit,
    cores: 1,
    workers,
    queue: rng.pick([16, 32, 32, 64, 64, 128, 256]),
    cancels: rng.pick([0, 0, 0, 0.5, 1]),
    errorRate: rng.chance(0.3) ? rng.between(0, 0.002) : 0,
    startMs: rng.between(700, 4000),
    memory,
    memoryLimit: memory * rng.between(1.6, 4),
    limitKnown: rng.chance(0.5),
    idleCpu: 0.08 * rng.uniform() ** 2,
    parallel: rng.chance(0.3),
    payloadKib: 2 * 16 ** rng.uniform(),
  };
}

/** About how long each service takes when all is well, with its callees. */
function usualLatency(
  names: readonly string[],
  wiring: readonly { from: number; to: number }[],
  specs: Readonly<Record<ServiceId, ServiceSpec>>,
): Map<ServiceId, number> {
  const of = new Map<ServiceId, number>();
  const total = (i: number): number => {
    const id = names[i]!;
    const known = of.get(id);
    if (known !== undefined) return known;
    const below = wiring.filter((w) => w.from === i).reduce((sum, w) => sum + total(w.to), 0);
    const spec = specs[id]!;
    const time = spec.ownMs * (1 + spec.variation) + below;
    of.set(id, time);
    return time;
  };
  names.forEach((_, i) => {
    total(i);
  });
  return of;
}
