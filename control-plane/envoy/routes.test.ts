import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import type { EdgeSettings } from '../mesh/settings.ts';
import type { Edge, Service } from '../mesh/topology.ts';
import { RouteConfigurationSchema } from './protos/gen/envoy/config/route/v3/route_pb.js';
import { backoffTotal, edgeRoutes } from './routes.ts';

const settings: EdgeSettings = {
  timeoutMs: 500,
  retry: { attempts: 2, backoffMs: 25, budgetPercent: 20 },
  failoverShare: 0,
};
const edge: Edge = {
  id: 'shop>cart',
  caller: 'shop',
  callee: 'cart',
  sloLatencyMs: 200,
  timeoutMs: 500,
  retries: 0,
  idempotent: 'safe',
  optional: false,
};
const callee: Service = {
  id: 'cart',
  replicas: 1,
  minReplicas: 1,
  maxReplicas: 1,
  failover: 'cart-b',
  failoverWrites: false,
  external: false,
};

/** Each route as `what it matches → where, time-out, retries`. */
function described(change: Partial<Parameters<typeof edgeRoutes>[0]>): string[] {
  const config = create(
    RouteConfigurationSchema,
    edgeRoutes({ name: 'out|cart', edge, callee, settings, callerReplicas: 1, protectedPrefixes: [], ...change }),
  );
  return config.virtualHosts[0]!.routes.map(({ match, action, typedPerFilterConfig }) => {
    if (action.case !== 'route') throw new Error('not a route');
    const { clusterSpecifier: to, timeout, retryPolicy } = action.value;
    const where =
      to.case === 'weightedClusters'
        ? to.value.clusters.map((c) => `${c.name}:${c.weight!}`).join(' ')
        : String(to.value);
    const on = match!.headers.map((h) => h.name).join() || 'any';
    const ms = Number(timeout!.seconds) * 1000 + timeout!.nanos / 1e6;
    const exempt = Object.keys(typedPerFilterConfig).length > 0 ? ' exempt' : '';
    return `${match!.pathSpecifier.value} ${on} → ${where} ${ms} ms, ${retryPolicy?.numRetries ?? 0} retries${exempt}`;
  });
}

test('only what may be sent twice is retried', () => {
  assert.deepEqual(described({}), [
    '/ :method → out|cart 1600 ms, 2 retries',
    '/ idempotency-key → out|cart 1600 ms, 2 retries',
    '/ any → out|cart 500 ms, 0 retries',
  ]);
  assert.deepEqual(described({ edge: { ...edge, idempotent: 'none' } }), [
    '/ :method → out|cart 500 ms, 0 retries',
    '/ any → out|cart 500 ms, 0 retries',
  ]);
  assert.deepEqual(described({ edge: { ...edge, idempotent: 'all' } }), ['/ any → out|cart 1600 ms, 2 retries']);
});

test('failover moves safe requests; writes only where that is declared safe', () => {
  const half = { ...settings, failoverShare: 0.5, retry: { ...settings.retry, attempts: 0 } };
  const moved = 'out|cart-b:50 out|cart:50 500 ms, 0 retries';
  assert.deepEqual(described({ settings: half }), [
    `/ :method → ${moved}`,
    '/ idempotency-key → out|cart 500 ms, 0 retries',
    '/ any → out|cart 500 ms, 0 retries',
  ]);
  assert.deepEqual(described({ settings: half, callee: { ...callee, failoverWrites: true } }), [
    `/ :method → ${moved}`,
    `/ idempotency-key → ${moved}`,
    `/ any → ${moved}`,
  ]);
  const { failover: _, ...alone } = callee;
  assert.ok(described({ settings: half, callee: alone }).every((r) => r.includes('→ out|cart 500 ms')));
});

test('protected paths come first and are exempt from the limit', () => {
  const routes = described({ protectedPrefixes: ['/checkout'], settings: { ...settings, rateLimit: 5 } });
  assert.deepEqual(
    routes.map((r) => [r.split(' ')[0], r.endsWith('exempt')]),
    [
      ['/checkout', true],
      ['/checkout', true],
      ['/checkout', true],
      ['/', false],
      ['/', false],
      ['/', false],
    ],
  );
});

test('a limit over all callers is divided among them', () => {
  const limit = (callerReplicas: number) =>
    edgeRoutes({
      name: 'out|cart',
      edge,
      callee,
      settings: { ...settings, rateLimit: 30 },
      callerReplicas,
      protectedPrefixes: [],
    });
  assert.notDeepEqual(limit(1), limit(3));
  const tenth = edgeRoutes({
    name: 'out|cart',
    edge,
    callee,
    settings: { ...settings, rateLimit: 10 },
    callerReplicas: 1,
    protectedPrefixes: [],
  });
  assert.deepEqual(limit(3), tenth);
});

test('the worst back-off of n retries', () => {
  assert.equal(backoffTotal(0, 25), 0);
  assert.equal(backoffTotal(1, 25), 25);
  assert.equal(backoffTotal(2, 25), 100);
  assert.equal(backoffTotal(5, 25), 25 + 75 + 175 + 250 + 250);
});
