import type { MitigationLease } from '../../mesh/lease.ts';
import { type MitigationKind, mitigationKinds } from '../../mesh/mitigation.ts';
import type { DecisionContext } from '../../mesh/policy.ts';
import { type EdgeWindow, noErrors, type Snapshot } from '../../mesh/snapshot.ts';
import { type EdgeId, INGRESS, type Topology } from '../../mesh/topology.ts';
import { meshOf } from '../../worlds/simulated/fixtures.ts';

/** A small application: an entry, two services behind it, one of them with a stand-by. */
export const topology: Topology = meshOf(
  { front: { replicas: 2 }, left: { replicas: 2, failover: 'left-standby' }, right: {}, 'left-standby': {} },
  { 'ingress>front': {}, 'front>left': {}, 'front>right': { optional: true } },
).topology;

const allCapabilities = {
  mitigations: new Set(Object.keys(mitigationKinds) as MitigationKind[]),
  faults: new Set<never>(),
  missing: {},
};

export const edgeWindow = (change: Partial<EdgeWindow> = {}): EdgeWindow => ({
  rate: 40,
  good: 40,
  failed: 0,
  errors: noErrors(),
  latency: { p50: 20, p90: 40, p99: 60 },
  inFlight: 10,
  retries: 0,
  hosts: 2,
  healthyHosts: 2,
  ejectedHosts: 0,
  ...change,
});

/** A window of {@link topology}, well but for the given edges. */
export function snapshotOf(edges: Readonly<Record<EdgeId, Partial<EdgeWindow>>> = {}, at = 10_000): Snapshot {
  const entry = edgeWindow(edges[topology.entry]);
  return {
    world: 'shadow',
    at,
    windowMs: 1000,
    entry: { offered: entry.rate, good: entry.good, failed: entry.failed, protectedOffered: 8, protectedGood: 8 },
    edges: Object.fromEntries(Object.keys(topology.edges).map((id) => [id, edgeWindow(edges[id as EdgeId])])),
    services: Object.fromEntries(
      Object.values(topology.services).map((s) => [
        s.id,
        {
          replicas: s.replicas,
          ready: s.replicas,
          cpu: 0.2,
          cpuMax: 0.25,
          memory: 100e6,
          memoryMax: 110e6,
          memoryLimit: 0,
          restarts: 0,
        },
      ]),
    ),
    gaps: [],
  };
}

/** A decision in {@link topology}. */
export function contextOf(now: Snapshot = snapshotOf(), change: Partial<DecisionContext> = {}): DecisionContext {
  const usual = snapshotOf();
  return {
    topology,
    history: [snapshotOf({}, 8000), snapshotOf({}, 9000), now],
    healthy: {
      edges: Object.fromEntries(
        Object.entries(usual.edges).map(([id, e]) => [
          id,
          {
            rate: e.rate,
            p50: e.latency.p50,
            p99: e.latency.p99,
            inFlight: e.inFlight,
            goodRatio: 1,
            errorRatio: 0,
            windows: 60,
          },
        ]),
      ),
      services: Object.fromEntries(
        Object.entries(usual.services).map(([id, s]) => [
          id,
          { cpu: s.cpu, memory: s.memory, replicas: s.replicas, windows: 60 },
        ]),
      ),
      goodput: 40,
    },
    diagnosis: { at: now.at, symptoms: [], origins: [], impaired: true, goodRatio: 0.5 },
    inForce: [],
    steps: [],
    onset: 8000,
    now: now.at,
    capabilities: allCapabilities,
    mask: () => undefined,
    ...change,
  };
}

/** The stand-by takes all of an edge's requests. */
export const failoverLease: MitigationLease = {
  type: 'mitigation',
  id: 'l1',
  owner: 'policy',
  reason: 'test',
  createdAt: 9000,
  expiresAt: 99_000,
  mitigation: { kind: 'failover', target: { edge: 'front>left' }, strength: 1 },
  setting: { edge: 'front>left', change: { failoverShare: 1 } },
};

/** `left` fails half of its answers. */
export const leftFails = (): Snapshot =>
  snapshotOf({
    [`${INGRESS}>front`]: { good: 20, failed: 20, errors: { ...noErrors(), http5xx: 20 } },
    'front>left': { good: 20, failed: 20, errors: { ...noErrors(), http5xx: 20 } },
  });
