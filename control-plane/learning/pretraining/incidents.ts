import { type Fault, type FaultKind, faultKinds } from '../../mesh/fault.ts';
import type { Mitigation } from '../../mesh/mitigation.ts';
import type { Rng } from '../../mesh/rng.ts';
import type { HealthyState } from '../../mesh/snapshot.ts';
import type { Topology } from '../../mesh/topology.ts';
import { randomMesh } from '../../worlds/simulated/generate.ts';
import { Simulation } from '../../worlds/simulated/simulation.ts';
import type { MeshSpec } from '../../worlds/simulated/spec.ts';
import { windowValue } from '../value.ts';
import { healthyOf } from './healthy.ts';
import { Situation } from './situation.ts';

/** What goes wrong in a simulated incident: faults, or more users than usual, or both. */
export interface Trouble {
  readonly faults: readonly Fault[];
  readonly surge?: { readonly factor: number; readonly durationMs: number };
}

const WARM_UP = 8;
const BASELINE = 8;

/** An incident written down, so that it can be begun again under other conditions. */
export interface Incident {
  readonly spec: MeshSpec;
  readonly seed: number;
  readonly trouble: Trouble;
  /** Windows from the onset to the first decision. */
  readonly seen: number;
  /** Kept though nobody may suffer. */
  readonly calm: boolean;
}

export function drawIncident(rng: Rng, spec: MeshSpec = randomMesh(rng)): Incident {
  return {
    spec,
    seed: rng.below(2 ** 31),
    trouble: randomTrouble(rng, spec),
    // Most are noticed soon; leaks and collapses after a surge take longer to show.
    seen: rng.chance(0.75) ? 2 + rng.below(4) : 6 + rng.below(14),
    calm: rng.chance(0.08),
  };
}

/**
 * Warms the mesh up, learns its healthy state, starts the trouble and lets it be seen for a while. `hardening` is put in
 * force before the trouble starts. Undefined where the mesh was not healthy to begin with.
 */
export function begin(
  incident: Incident,
  hardening?: (topology: Topology, healthy: HealthyState) => readonly Mitigation[],
): Situation | undefined {
  const sim = Simulation.of(incident.spec, incident.seed);
  for (let i = 0; i < WARM_UP; i++) sim.run();
  const baseline = Array.from({ length: BASELINE }, () => sim.window());
  const healthy = healthyOf(baseline);
  const offered = baseline.reduce((s, w) => s + w.entry.offered, 0);
  if (baseline.reduce((s, w) => s + w.entry.good, 0) < 0.97 * offered) return undefined;
  const situation = new Situation(sim, healthy, baseline.slice(-3), sim.now);
  if (hardening) {
    situation.harden(hardening(incident.spec.topology, healthy));
    situation.run(3, true);
    situation.onset = sim.now;
  }
  start(sim, incident.trouble);
  situation.run(incident.seen, true);
  return situation;
}

/** Whether users suffer enough for an incident to be open. */
export function suffers(situation: Situation): boolean {
  const [before, last] = situation.history.slice(-2).map((w) => windowValue(w.entry, situation.usual));
  return before! < 0.92 && last! < 0.9;
}

/** A random incident, a few windows after its onset, or undefined where the draw was none. */
export function randomIncident(
  rng: Rng,
  spec?: MeshSpec,
  hardening?: Parameters<typeof begin>[1],
): Situation | undefined {
  const incident = drawIncident(rng, spec);
  const situation = begin(incident, hardening);
  return situation && (incident.calm || suffers(situation)) ? situation : undefined;
}

function start(sim: Simulation, trouble: Trouble): void {
  trouble.faults.forEach((f, i) => {
    sim.inject(`f${i}`, f);
  });
  if (trouble.surge) sim.surge(trouble.surge.factor, trouble.surge.durationMs);
}

/** Kinds of fault, the likelier the more often listed. */
const kinds: readonly FaultKind[] = [
  'latency',
  'latency',
  'packet-loss',
  'bandwidth',
  'outage',
  'outage',
  'outage',
  'corruption',
  'cpu',
  'cpu',
  'memory',
  'dependency',
  'dependency',
  'exception',
  'exception',
  'abort',
];

function randomTrouble(rng: Rng, spec: MeshSpec): Trouble {
  const surge = rng.chance(0.28);
  const durationMs = rng.chance(0.25) ? rng.between(6000, 15_000) : 600_000;
  const faults = surge && rng.chance(0.9) ? [] : [randomFault(rng, spec, durationMs)];
  if (faults.length > 0 && rng.chance(0.1)) faults.push(randomFault(rng, spec, durationMs));
  return surge
    ? { faults, surge: { factor: 1.4 * 4 ** rng.uniform(), durationMs: rng.between(5000, 60_000) } }
    : { faults };
}

function randomFault(rng: Rng, spec: MeshSpec, durationMs: number): Fault {
  const { topology } = spec;
  const external = Object.values(topology.services).find((s) => s.external);
  const called = [...new Set(Object.values(topology.edges).map((e) => e.callee))];
  const kind = rng.pick(kinds.filter((k) => external !== undefined || faultKinds[k].needs !== 'mock'));
  const service = faultKinds[kind].needs === 'mock' ? external!.id : rng.pick(called);
  const replicas = topology.services[service]!.replicas;
  const one = replicas > 1 && kind !== 'dependency' && rng.chance(kind === 'outage' ? 0.7 : 0.35);
  return {
    kind,
    target: one ? { service, replica: rng.below(replicas) } : { service },
    magnitude: 0.15 + 0.85 * rng.uniform(),
    share: rng.chance(0.6) ? 1 : rng.between(0.3, 1),
    durationMs,
    seed: rng.below(2 ** 31),
  };
}
