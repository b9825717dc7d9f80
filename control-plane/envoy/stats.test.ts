import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inclusionPatterns, latencyBuckets } from './stats.ts';

/** As Envoy matches a safe_regex: the whole name. */
const included = (name: string) => inclusionPatterns().some((p) => new RegExp(`^(?:${p})$`).test(name));

const wanted = [
  'http.out|cart.downstream_rq_total',
  'http.ingress.downstream_rq_time',
  'http.out|cart-b.admission_control.rq_rejected',
  'cluster.out|cart.membership_healthy',
  'cluster.out|cart.outlier_detection.ejections_active',
  'vhost.out|cart.route.edge.upstream_rq_retry',
  'umbra.out|cart.good',
  'umbra.ingress.failed.flags.UT',
  'wasmcustom.umbra_mirror_heartbeat',
  'server.uptime',
];
const unwanted = [
  'http.admin.downstream_rq_total',
  'http.in.downstream_rq_total',
  'http.out|cart.downstream_rq_2xx',
  'cluster.in.membership_total',
  'cluster.umbra_xds.membership_total',
  'cluster.out|cart.upstream_rq_200',
  'listener.127.0.0.1_80.downstream_cx_total',
  'server.memory_allocated',
  'wasm.envoy.wasm.runtime.v8.active',
];

for (const name of wanted) test(`${name} is kept`, () => assert.ok(included(name)));
for (const name of unwanted) test(`${name} is left out`, () => assert.ok(!included(name)));

test('latency buckets ascend, without repeats', () => {
  assert.deepEqual(
    [...latencyBuckets].sort((a, b) => a - b),
    latencyBuckets,
  );
  assert.equal(new Set(latencyBuckets).size, latencyBuckets.length);
});
