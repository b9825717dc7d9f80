import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baselineSettings } from '../../mesh/compose.ts';
import type { Fault } from '../../mesh/fault.ts';
import { rngOf } from '../../mesh/rng.ts';
import type { EdgeSettings } from '../../mesh/settings.ts';
import type { Snapshot } from '../../mesh/snapshot.ts';
import type { EdgeId } from '../../mesh/topology.ts';
import { meshOf, retryCollapse } from './fixtures.ts';
import { erlangB } from './flows.ts';
import { randomMesh } from './generate.ts';
import { Simulation } from './simulation.ts';
import type { MeshSpec } from './spec.ts';

const windows = (sim: Simulation, n: number): Snapshot[] => Array.from({ length: n }, () => sim.window());
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;
const good = (seen: readonly Snapshot[]): number =>
  seen.reduce((s, w) => s + w.entry.good, 0) / seen.reduce((s, w) => s + w.entry.offered, 0);

/** A fault that stays, with what matters overridden. */
const fault = (f: Partial<Fault> & Pick<Fault, 'kind' | 'target'>): Fault => ({
  magnitude: 1,
  share: 1,
  durationMs: 1e6,
  seed: 4,
  ...f,
});

/** Changes one edge from what the application asks for. */
function set(sim: Simulation, edge: EdgeId, change: Partial<EdgeSettings>): void {
  const base = baselineSettings(sim.spec.topology);
  sim.apply({ ...base, edges: { ...base.edges, [edge]: { ...base.edges[edge]!, ...change } } });
}

function scale(sim: Simulation, service: string, replicas: number): void {
  const base = baselineSettings(sim.spec.topology);
  sim.apply({ ...base, services: { ...base.services, [service]: { replicas } } });
}

const shop = (rest: Partial<MeshSpec> = {}, backendReplicas = 2): MeshSpec =>
  meshOf(
    { front: {}, backend: { replicas: backendReplicas, failover: 'spare' }, spare: {} },
    { 'ingress>front': {}, 'front>backend': { timeoutMs: 600 } },
    rest,
  );

test('in a steady state requests in the system are rate × time (Little)', () => {
  const sim = Simulation.of(meshOf({ front: { ownMs: 40, cpuMs: 5 } }, { 'ingress>front': {} }, { offered: 50 }), 3);
  windows(sim, 5);
  const seen = Array.from({ length: 20 }, () => {
    const w = sim.window();
    return { inSystem: sim.inspect().inSystem.front![0]!, rate: w.edges['ingress>front']!.rate };
  });
  const expected = mean(seen.map((s) => s.rate)) * 0.04;
  const measured = mean(seen.map((s) => s.inSystem));
  assert.ok(Math.abs(measured - expected) < 0.1 * expected, `${measured} in the system, ${expected} expected`);
});

test('what arrives is completed, refused or still there', () => {
  const spec = meshOf(
    { front: { ownMs: 100, cpuMs: 0.1, workers: 4, queue: 20 } },
    { 'ingress>front': { timeoutMs: 60_000 } },
    { offered: 100 },
  );
  const sim = Simulation.of(spec, 1);
  let completed = 0;
  let offered = 0;
  let failed = 0;
  for (let i = 0; i < 30; i++) {
    const entry = sim.run();
    offered += entry.offered;
    failed += entry.failed;
    completed += sim.inspect().completed.front!;
  }
  // 4 workers of 100 ms can do 40 a second, whatever is offered.
  assert.ok(Math.abs(completed / 30 - 40) < 4, `${completed / 30} completed a second`);
  const rest = sim.inspect().inSystem.front![0]!;
  assert.ok(rest <= 24 + 1e-9, `${rest} in a system with room for 24`);
  assert.ok(Math.abs(offered - failed - completed) < 0.1 * offered, `${offered} − ${failed} ≠ ${completed}`);
});

test('every replica holds between nothing and its room, in any application under any trouble', () => {
  const rng = rngOf(11);
  for (let k = 0; k < 12; k++) {
    const spec = randomMesh(rng);
    const sim = Simulation.of(spec, k);
    sim.surge(4, 5000);
    for (let i = 0; i < 12; i++) {
      const { entry } = sim.window();
      assert.ok(entry.good >= 0 && entry.good <= entry.offered + 1e-6 && entry.failed <= entry.offered + 1e-6);
      assert.ok(entry.protectedGood <= entry.protectedOffered + 1e-6 && entry.protectedOffered <= entry.offered + 1e-6);
      for (const [id, n] of Object.entries(sim.inspect().inSystem)) {
        const room = spec.services[id]!.workers + spec.services[id]!.queue;
        assert.ok(
          n.every((x) => x >= 0 && x <= room + 1e-9),
          `${id} holds ${n} with room for ${room}`,
        );
      }
    }
  }
});

test('a retry collapse outlives its trigger, and ends when retries are off', () => {
  const sim = Simulation.of(retryCollapse(), 1);
  assert.ok(good(windows(sim, 5)) > 0.99);
  sim.surge(5, 10_000);
  windows(sim, 10);
  windows(sim, 60);
  const after = windows(sim, 10);
  const edge = after.map((w) => w.edges['front>backend']!);
  const amplification = mean(edge.map((e) => (e.rate + e.retries) / e.rate));
  assert.ok(good(after) <= 0.5, `good ${good(after)} long after the trigger`);
  assert.ok(amplification >= 2, `amplification ${amplification}`);
  assert.ok(sim.inspect().inSystem.backend![0]! >= 20);

  set(sim, 'front>backend', { retry: { attempts: 0, backoffMs: 25, budgetPercent: 20 } });
  windows(sim, 40);
  assert.ok(good(windows(sim, 10)) >= 0.9, 'healed without retries');
  assert.ok(sim.inspect().inSystem.backend![0]! <= 5);
  sim.surge(5, 10_000);
  windows(sim, 40);
  assert.ok(good(windows(sim, 10)) >= 0.9, 'and the trigger survived');
});

test('without the trigger the same system stays well', () => {
  const sim = Simulation.of(retryCollapse(), 1);
  assert.ok(good(windows(sim, 60)) > 0.99);
});

test('each mitigation changes what it should, in the right direction', async (t) => {
  const troubled = (spec: MeshSpec, f: Fault, n = 4): Simulation => {
    const sim = Simulation.of(spec, 5);
    windows(sim, 5);
    sim.inject('f', f);
    windows(sim, n);
    return sim;
  };
  /** Good ratio with and without `steer`, from the same state. */
  const compare = (sim: Simulation, steer: (s: Simulation) => void, n = 8): { without: number; with: number } => {
    const steered = sim.clone();
    steer(steered);
    windows(steered, 3);
    const result = good(windows(steered, n));
    windows(sim, 3);
    return { without: good(windows(sim, n)), with: result };
  };
  const killedOne = fault({ kind: 'outage', target: { service: 'backend', replica: 0 } });

  await t.test('outlier detection goes round a dead replica', () => {
    const r = compare(troubled(shop(), killedOne), (s) =>
      set(s, 'front>backend', { outlier: { consecutiveFailures: 2, ejectMs: 15_000, maxEjectionPercent: 60 } }),
    );
    assert.ok(r.without < 0.7 && r.with > 0.95, JSON.stringify(r));
  });
  await t.test('a retry goes round a dead replica as well', () => {
    const r = compare(troubled(shop(), killedOne), (s) =>
      set(s, 'front>backend', { retry: { attempts: 1, backoffMs: 25, budgetPercent: 20 } }),
    );
    assert.ok(r.with > r.without + 0.3, JSON.stringify(r));
  });
  await t.test('failover heals a service that is gone', () => {
    const gone = fault({ kind: 'outage', target: { service: 'backend' } });
    const r = compare(troubled(shop(), gone), (s) => set(s, 'front>backend', { failoverShare: 1 }));
    assert.ok(r.without < 0.05 && r.with > 0.95, JSON.stringify(r));
  });
  await t.test('a short time-out saves the callers of a hanging optional service', () => {
    const spec = meshOf(
      { front: { workers: 4 }, extra: {} },
      { 'ingress>front': { timeoutMs: 3000 }, 'front>extra': { optional: true, timeoutMs: 1000 } },
    );
    const r = compare(troubled(spec, fault({ kind: 'outage', target: { service: 'extra' }, magnitude: 0.2 })), (s) =>
      set(s, 'front>extra', { timeoutMs: 50 }),
    );
    assert.ok(r.without < 0.1 && r.with > 0.9, JSON.stringify(r));
  });
  await t.test('a circuit breaker does so too, for all but the first', () => {
    const spec = meshOf(
      { front: { workers: 8 }, extra: {} },
      { 'ingress>front': { timeoutMs: 3000 }, 'front>extra': { optional: true, timeoutMs: 1000 } },
    );
    const r = compare(troubled(spec, fault({ kind: 'outage', target: { service: 'extra' }, magnitude: 0.2 })), (s) =>
      set(s, 'front>extra', { maxRequests: 2 }),
    );
    assert.ok(r.with > r.without + 0.4, JSON.stringify(r));
  });
  await t.test('a rate limit at the entry keeps the protected served beyond capacity', () => {
    const spec = meshOf({ front: { ownMs: 50, cpuMs: 20, workers: 8 } }, { 'ingress>front': {} }, { offered: 30 });
    const sim = Simulation.of(spec, 5);
    windows(sim, 5);
    sim.surge(4, 60_000);
    windows(sim, 4);
    const limited = sim.clone();
    set(limited, 'ingress>front', { rateLimit: 20 });
    const kept = (seen: readonly Snapshot[]) => mean(seen.map((w) => w.entry.protectedGood / w.entry.protectedOffered));
    windows(limited, 6);
    const withLimit = kept(windows(limited, 6));
    windows(sim, 6);
    const without = kept(windows(sim, 6));
    assert.ok(withLimit > 0.9 && without < 0.5, `${without} → ${withLimit}`);
  });
  await t.test('admission control refuses as success falls', () => {
    const sim = troubled(shop(), fault({ kind: 'abort', target: { service: 'backend' } }));
    set(sim, 'front>backend', { admission: { aggression: 1 } });
    windows(sim, 6);
    const edge = sim.window().edges['front>backend']!;
    assert.ok(edge.errors.shed > 0.5 * edge.rate, `${edge.errors.shed} of ${edge.rate} refused`);
  });
  await t.test('replicas added serve once they have started', () => {
    const spec = meshOf({ front: { ownMs: 50, cpuMs: 25, workers: 8, startMs: 2000 } }, { 'ingress>front': {} });
    const sim = Simulation.of(spec, 5);
    windows(sim, 5);
    sim.surge(2, 600_000);
    windows(sim, 4);
    scale(sim, 'front', 3);
    const [during] = windows(sim, 1);
    assert.equal(during!.services.front!.ready, 1);
    windows(sim, 12);
    assert.ok(good(windows(sim, 5)) > 0.95);
    assert.equal(sim.window().services.front!.ready, 3);
  });
});

test('a fault is seen while it lasts and gone after', () => {
  const spec = shop();
  const kinds: Fault['kind'][] = ['latency', 'packet-loss', 'bandwidth', 'outage', 'cpu', 'exception', 'abort'];
  for (const kind of kinds) {
    const sim = Simulation.of(spec, 2);
    const before = good(windows(sim, 5));
    sim.inject('f', fault({ kind, target: { service: 'backend' }, durationMs: 8000 }));
    const during = good(windows(sim, 8));
    windows(sim, 12);
    const after = good(windows(sim, 5));
    assert.ok(before > 0.99 && during < 0.9 && after > 0.97, `${kind}: ${before} → ${during} → ${after}`);
  }
});

test('memory runs into its limit, the replica crashes and comes back', () => {
  const sim = Simulation.of(shop({}, 1), 2);
  sim.inject('f', fault({ kind: 'memory', target: { service: 'backend' }, durationMs: 30_000 }));
  const seen = windows(sim, 30);
  assert.ok(seen.some((w) => w.services.backend!.restarts > 0));
  assert.ok(Math.max(...seen.map((w) => w.services.backend!.memoryMax)) > 200e6);
  assert.ok(seen.some((w) => w.services.backend!.ready === 0));
});

test('copies are independent, and the same steering gives the same course', () => {
  const spec = randomMesh(rngOf(5));
  const sim = Simulation.of(spec, 9);
  windows(sim, 3);
  const copy = sim.clone();
  const other = sim.clone();
  other.surge(10, 10_000);
  windows(other, 5);
  assert.deepEqual(windows(copy, 5), windows(sim, 5));
});

test("Erlang's loss formula", () => {
  assert.ok(Math.abs(erlangB(1, 1) - 0.5) < 1e-12);
  assert.ok(Math.abs(erlangB(2, 2) - 0.4) < 1e-12);
  assert.equal(erlangB(5, Number.POSITIVE_INFINITY), 0);
  assert.ok(Math.abs(erlangB(200, 100) - 0.5) < 1e-12);
});
