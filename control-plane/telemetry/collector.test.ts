import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProxyNode } from '../envoy/node.ts';
import type { Clock } from '../mesh/clock.ts';
import { edge, service, topologyOf } from '../mesh/testing/topology.ts';
import { createCollector } from './collector.ts';
import type { ProcessSample } from './process-window.ts';
import type { Report } from './report.ts';

const topology = topologyOf(
  [service('shop', { maxReplicas: 2 }), service('bank', { external: true })],
  [edge('ingress', 'shop', { sloLatencyMs: 100 }), edge('shop', 'bank', { sloLatencyMs: 100 })],
);
const node = (of: string, replica = 0): ProxyNode => ({
  id: `production/${of}/${replica}`,
  world: 'production',
  service: of,
  replica,
  outbound: [],
});
const replicas = { shop: 1, bank: 1 };

function world() {
  const time = { now: 1_000_000 };
  const clock: Clock = { now: () => time.now, sleep: () => Promise.resolve() };
  const collector = createCollector({ world: 'production', topology, clock });
  const push = (id: string, counters: Record<string, number>, gauges: Record<string, number> = {}, uptimeMs?: number) =>
    collector.receive(id, {
      at: time.now,
      counters: new Map(Object.entries(counters)),
      gauges: new Map(Object.entries(gauges)),
      latencies: new Map([['out|bank', { bounds: [10, 20], counts: [0, 10], total: 10 }]]),
      increases: new Map(),
      uptimeMs,
    } satisfies Report);
  const alive: ProcessSample = {
    service: 'shop',
    replica: 0,
    alive: true,
    cpuSeconds: 1,
    cpuLimit: 0,
    memoryBytes: 1,
    memoryLimit: 0,
    restarts: 0,
  };
  return { time, collector, push, alive };
}

test('an edge is the sum over its caller’s proxies; hosts are the largest', () => {
  const { time, collector, push } = world();
  collector.expect([node('shop'), node('shop', 1)], replicas);
  const at = (n: number, hosts: number) =>
    [
      { 'out|bank offered': n, 'out|bank good': n - 2, 'out|bank failed:timeout': 1, 'out|bank retries': 3 },
      { 'out|bank inFlight': 4, 'out|bank hosts': hosts, 'out|bank healthy': hosts },
    ] as const;
  push('production/shop/0', {});
  push('production/shop/1', {});
  time.now += 1000;
  push('production/shop/0', ...at(10, 1));
  push('production/shop/1', ...at(20, 2));
  const { edges, windowMs } = collector.tick();
  assert.equal(windowMs, 1000);
  const { latency, errors, ...rest } = edges['shop>bank']!;
  assert.deepEqual(rest, {
    rate: 30,
    good: 26,
    failed: 2,
    inFlight: 8,
    retries: 6,
    hosts: 2,
    healthyHosts: 2,
    ejectedHosts: 0,
  });
  assert.deepEqual(errors, { http5xx: 0, timeout: 2, connect: 0, reset: 0, overflow: 0, shed: 0 });
  assert.deepEqual(latency, { p50: 15, p90: 19, p99: 19.9 });
});

test('refusals by admission control are shed, not answers of the callee', () => {
  const { time, collector, push } = world();
  collector.expect([node('shop')], replicas);
  push('production/shop/0', {});
  time.now += 1000;
  push('production/shop/0', { 'out|bank failed:http5xx': 9, 'out|bank refused': 4 });
  const { errors, failed } = collector.tick().edges['shop>bank']!;
  assert.equal(errors.http5xx, 5);
  assert.equal(errors.shed, 4);
  assert.equal(failed, 9);
});

test('what is missing is said', () => {
  const { time, collector, push, alive } = world();
  collector.expect([node('shop'), node('ingress')], replicas);
  push('production/shop/0', {});
  assert.deepEqual(collector.tick().gaps, ['no process samples of shop']);
  time.now += 4000;
  collector.processes([alive]);
  push('production/shop/0', {});
  assert.deepEqual(collector.tick().gaps, ['no metrics from production/ingress/0 for 4 s']);
  push('production/ingress/0', {});
  assert.deepEqual(collector.tick().gaps, []);
});

test('a proxy that is silent is left out rather than repeated for ever', () => {
  const { time, collector, push } = world();
  collector.expect([node('shop')], replicas);
  push('production/shop/0', {});
  time.now += 1000;
  push('production/shop/0', { 'out|bank offered': 10 });
  assert.equal(collector.tick().edges['shop>bank']!.rate, 10);
  time.now += 1000;
  assert.equal(collector.tick().edges['shop>bank']!.rate, 10);
  time.now += 2000;
  assert.equal(collector.tick().edges['shop>bank']!.rate, 0);
});

test('edges of a caller that is partly silent are not seen; a replica that is gone, or no traffic, is no gap', () => {
  const { time, collector, push, alive } = world();
  const both = [node('ingress'), node('shop'), node('shop', 1)];
  const second = (...silent: string[]) => {
    time.now += 1000;
    collector.processes([alive]);
    for (const { id } of both) if (!silent.includes(id)) push(id, {});
    return collector.tick();
  };
  collector.expect(both, { ...replicas, shop: 2 });
  assert.deepEqual(second().unseen, ['ingress>shop', 'shop>bank'], 'a first push says where counters stand, no more');
  assert.equal(second().unseen, undefined);
  for (let i = 0; i < 2; i++) assert.equal(second('production/shop/1').unseen, undefined);
  assert.deepEqual(second('production/shop/1').unseen, ['shop>bank']);
  assert.deepEqual(second('production/shop/1', 'production/ingress/0').unseen, ['shop>bank']);
  collector.expect(both.slice(0, 2), replicas);
  assert.equal(second('production/shop/1').unseen, undefined, 'scaled down on purpose');
  collector.expect(both, { ...replicas, shop: 2 });
  assert.deepEqual(second('production/shop/1').unseen, ['shop>bank']);
  time.now += 6000;
  assert.deepEqual(collector.tick().unseen, ['ingress>shop', 'shop>bank', 'shop']);
});

test('the last push of a replica that was stopped does not stand for the one of its name that comes later', () => {
  const { time, collector, push } = world();
  const both = [node('shop'), node('shop', 1)];
  collector.expect(both, { ...replicas, shop: 2 });
  push('production/shop/1', { 'out|bank offered': 90 }, {}, 9000);
  collector.expect(both.slice(0, 1), replicas);
  push('production/shop/1', { 'out|bank offered': 100 }, {}, 10_000);
  assert.equal(collector.heardAt('production/shop/1'), undefined);
  time.now += 20_000;
  // Before it is expected, and after.
  push('production/shop/1', { 'out|bank offered': 2 }, {}, 1000);
  push('production/shop/0', {});
  collector.expect(both, { ...replicas, shop: 2 });
  assert.deepEqual(
    collector.tick().gaps.filter((gap) => gap.startsWith('no metrics')),
    [],
  );
  time.now += 1000;
  push('production/shop/1', { 'out|bank offered': 6 }, {}, 2000);
  assert.equal(collector.tick().edges['shop>bank']!.rate, 3, 'since it was started');
  assert.equal(collector.totals().edges['shop>bank']!.offered, 6);
});

test('a clock set back neither stretches a window nor hides that a proxy falls silent', () => {
  const { time, collector, push } = world();
  collector.expect([node('shop')], replicas);
  push('production/shop/0', {});
  time.now += 1000;
  assert.equal(collector.tick().windowMs, 1000);
  time.now -= 3_600_000;
  assert.equal(collector.tick().windowMs, 1000);
  time.now += 3000;
  assert.deepEqual(
    collector.tick().gaps.filter((gap) => gap.startsWith('no metrics')),
    ['no metrics from production/shop/0 for 3 s'],
  );
});

test('totals outlive the proxies they were counted by', () => {
  const { time, collector, push } = world();
  collector.expect([node('ingress')], replicas);
  push('production/ingress/0', {});
  time.now += 1000;
  push('production/ingress/0', { 'ingress offered': 5, 'ingress good': 4, 'filter umbra_mirror_sent': 3 });
  collector.expect([], replicas);
  const { offered, good, filters, edges } = collector.totals();
  assert.deepEqual([offered, good, filters], [5, 4, { umbra_mirror_sent: 3 }]);
  assert.equal(edges['ingress>shop']!.offered, 5);
});

test('an external service without processes counts as there', () => {
  const { collector } = world();
  collector.expect([], replicas);
  const { services } = collector.tick();
  assert.equal(services.bank!.ready, 1);
  assert.equal(services.shop!.ready, 0);
});
