import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { type MetricFamily, MetricFamilySchema } from '../envoy/protos/gen/io/prometheus/client/metrics_pb.js';
import { readReport } from './report.ts';

function family(
  name: string,
  value: { counter?: number; gauge?: number },
  labels: Record<string, string> = {},
): MetricFamily {
  return create(MetricFamilySchema, {
    name,
    metric: [
      {
        timestampMs: 5000n,
        label: Object.entries(labels).map(([n, v]) => ({ name: n, value: v })),
        ...(value.counter === undefined ? {} : { counter: { value: value.counter } }),
        ...(value.gauge === undefined ? {} : { gauge: { value: value.gauge } }),
      },
    ],
  });
}

test('names and labels become keys of edges; what is not ours is passed over', () => {
  const { at, counters, gauges, uptimeMs } = readReport(
    [
      family('http.downstream_rq_total', { counter: 7 }, { 'envoy.http_conn_manager_prefix': 'out|cart' }),
      family('http.downstream_rq_total', { counter: 9 }, { 'envoy.http_conn_manager_prefix': 'admin' }),
      family('http.downstream_rq_active', { gauge: 2 }, { 'envoy.http_conn_manager_prefix': 'ingress' }),
      family('cluster.membership_healthy', { gauge: 3 }, { 'envoy.cluster_name': 'out|cart' }),
      family(
        'vhost.route.upstream_rq_retry',
        { counter: 4 },
        { 'envoy.virtual_host': 'out|cart', 'envoy.route': 'edge' },
      ),
      family('umbra.out|cart.good', { counter: 5 }),
      family('umbra.out|cart.failed', { counter: 1 }, { flags: 'UT' }),
      family('umbra.out|cart.failed', { counter: 2 }, { flags: 'URX,UT' }),
      family('umbra.ingress.protected_good', { counter: 6 }),
      family('wasmcustom.umbra_mirror_sent', { counter: 8 }),
      family('wasmcustom.umbra_chaos_active', { gauge: 1 }),
      family('server.uptime', { gauge: 12 }),
      family('something.else', { counter: 1 }),
    ],
    1,
  );
  assert.equal(at, 5000);
  assert.equal(uptimeMs, 12_000);
  assert.deepEqual(Object.fromEntries(counters), {
    'out|cart offered': 7,
    'out|cart retries': 4,
    'out|cart good': 5,
    'out|cart failed:timeout': 3,
    'ingress protected_good': 6,
    'filter umbra_mirror_sent': 8,
  });
  assert.deepEqual(Object.fromEntries(gauges), {
    'ingress inFlight': 2,
    'out|cart healthy': 3,
    'filter umbra_chaos_active': 1,
  });
});

test('an empty push is dated by its arrival', () => {
  assert.equal(readReport([], 77).at, 77);
});
