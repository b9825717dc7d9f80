/** What real proxies make of everything we build: no refusal, copies to the shadow, samples, and life without a control plane. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { toBinary } from '@bufbuild/protobuf';
import type { Address } from '../../control-plane/envoy/node.ts';
import { StreamMetricsMessageSchema } from '../../control-plane/envoy/protos/gen/envoy/service/metrics/v3/metrics_service_pb.js';
import { service, topologyOf } from '../../control-plane/mesh/testing/topology.ts';
import { ask, askAtOnce, askInTurn, askWhileHeld, byStatus } from './fixtures/client.ts';
import { until } from './fixtures/envoy.ts';
import { builtFilters, edge, Mesh, shop } from './fixtures/mesh.ts';
import { holding, type Upstream } from './fixtures/upstream.ts';

const bank = topologyOf(
  [service('shop'), service('bank', { external: true })],
  [edge('ingress', 'shop'), edge('shop', 'bank')],
);

suite('production with a mirror and an external service', {
  skip: builtFilters() ? false : 'filters are not built',
}, () => {
  const mesh = new Mesh(bank);
  let users: Address;
  let out: Address;
  let shadow: Upstream;
  let pushed = 0;
  let bytes = 0;

  before(async () => {
    await mesh.serve('shop');
    await mesh.serve('bank');
    [shadow] = (await mesh.serve('shadow-entry')) as [Upstream];
    mesh.parts = {
      filters: builtFilters()!,
      samples: { directory: mesh.directory, percent: 50, externals: new Set(['bank']) },
      shadowIngress: shadow.address,
      mirror: { generation: 1, cluster: 'umbra_shadow', percent: 100, pseudonymKey: '0'.repeat(32) },
    };
    const sidecar = mesh.sidecar('shop');
    const ingress = { ...mesh.ingress(), ingress: { listen: mesh.pipe('users') } };
    users = ingress.ingress.listen;
    out = sidecar.outbound[0]!.listen;
    mesh.onMetrics = (message) => {
      // The first of a stream names the proxy and every extension it was built with.
      if (message.identifier) return;
      pushed++;
      bytes += toBinary(StreamMetricsMessageSchema, message).length;
    };
    await mesh.start(sidecar, ingress);
  });
  after(() => mesh.stop());

  test('copies reach the shadow, and the filter’s counters reach us', async () => {
    const sent = mesh.collector.totals().filters.umbra_mirror_sent ?? 0;
    const seen = shadow.seen;
    assert.deepEqual(byStatus(await askInTurn(10, users, '/')), { 200: 10 });
    await until('the copies', () => shadow.seen >= seen + 10 || undefined);
    await until('the count', () => (mesh.collector.totals().filters.umbra_mirror_sent ?? 0) >= sent + 10 || undefined);
    const beats = () => mesh.collector.filterStat('production/ingress/0', 'umbra_mirror_heartbeat') ?? 0;
    await until('the heartbeat', () => beats() > 0 || undefined);
  });

  test('a shadow that is gone is not noticed by users', async () => {
    await shadow.close();
    mesh.upstreams.delete('shadow-entry');
    assert.deepEqual(byStatus(await askAtOnce(20, users, '/')), { 200: 20 });
  });

  test('a share of the external service’s answers is kept for its mock', async () => {
    await askInTurn(60, out, '/charge?x=1', { method: 'POST', body: '{"amount":7}' });
    const files = await until('samples', () => {
      // Each is written a moment after its answer.
      const found = readdirSync(mesh.directory).filter((f) => f.startsWith('bank_'));
      return found.length > 5 ? found : undefined;
    });
    assert.ok(files.length < 55, `${files.length} of 60`);
    const sample = await until('a whole sample of a charge', () => {
      // A file is there before all of it is, and the first request, which saw the proxy listen, may be among them.
      const texts = files.map((file) => readFileSync(join(mesh.directory, file), 'utf8'));
      const whole = texts.filter((text) => text.trimEnd().endsWith('\n}')).map((text) => JSON.parse(text));
      return whole.find(({ http_buffered_trace: { request } }) => request.body !== undefined);
    });
    assert.equal(sample.http_buffered_trace.request.body.as_string, '{"amount":7}');
  });

  test('an endpoint may be a name', async () => {
    const { port } = mesh.upstreams.get('bank')![0]!.address as { port: number };
    mesh.endpoints = { ...mesh.endpoints, bank: [{ address: { host: 'localhost', port }, replica: 0, healthy: true }] };
    await mesh.push();
    await until('the name to be resolved', async () => (await ask(out, '/')).status === 200 || undefined);
    assert.deepEqual(byStatus(await askInTurn(10, out, '/')), { 200: 10 });
  });

  test('nothing was refused, and telemetry is small', async () => {
    assert.deepEqual(mesh.nacks, []);
    await until('some pushes', () => pushed >= 6 || undefined);
    assert.ok(bytes / pushed < 4000, `${Math.round(bytes / pushed)} bytes a push`);
  });
});

test('mitigations stay in force when the control plane is gone', async () => {
  const mesh = new Mesh(shop);
  try {
    const [upstream] = (await mesh.serve('cart')) as [Upstream];
    for (const name of ['cart-b', 'payments']) await mesh.serve(name);
    const sidecar = mesh.sidecar('shop');
    const cart = sidecar.outbound.find((o) => o.callee === 'cart')!.listen;
    await mesh.start(sidecar);
    await mesh.apply('shop>cart', { maxRequests: 2, timeoutMs: 2000 });
    await mesh.server.close();
    const held = holding();
    upstream.behaviour = held.behaviour;
    assert.deepEqual(byStatus(await askWhileHeld(6, 2, held, cart, '/')), { 200: 2, 503: 4 });
    assert.equal((await ask(cart, '/?ms=20000')).status, 504);
  } finally {
    await mesh.stop();
  }
});
