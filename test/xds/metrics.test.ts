import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { createXdsMetrics } from '../../control-plane/xds/metrics.ts';
import { CDS, fixture, RDS, resource } from './fixture.ts';

test('what is sent, acknowledged and refused is counted, and what is refused is named', async (t) => {
  const f = await fixture(t);
  const { registry, close } = createXdsMetrics(f.server);
  f.server.set('cart', [resource(CDS, 'a')]);
  f.server.set('away', [resource(CDS, 'a')]);
  const stream = f.delta();
  stream.send({ node: { id: 'cart' }, typeUrl: CDS });
  stream.ack(await stream.receive());
  await f.acked(1);
  f.server.set('cart', [resource(CDS, 'a', 'bad')]);
  const nacked = f.next('nack');
  stream.nack(await stream.receive(), 'no such thing');
  await nacked;
  await stream.receive();
  const text = await registry.metrics();
  for (const line of [
    /^umbra_xds_ready 1$/m,
    /^umbra_xds_pushes_total\{type="CDS"\} 3$/m,
    /^umbra_xds_pushed_bytes_total\{type="CDS"\} [1-9]\d+$/m,
    /^umbra_xds_acks_total\{type="CDS"\} 1$/m,
    /^umbra_xds_ack_duration_seconds_count\{type="CDS"\} 1$/m,
    /^umbra_xds_nacks_total\{type="CDS",node="cart"\} 1$/m,
    /^umbra_xds_refused\{node="cart",type="CDS",resource="a",reason="no such thing"\} 1$/m,
    /^umbra_xds_streams\{scope="production",protocol="delta"\} 1$/m,
    /^umbra_xds_nodes\{state="connected"\} 1$/m,
    /^umbra_xds_nodes\{state="away"\} 1$/m,
    /^umbra_xds_connections\{address="unix:.+production"\} 1$/m,
    /^umbra_xds_fast_lane\{address="unix:.+production"\} 1$/m,
    /^umbra_xds_unread_bytes\{address="unix:.+production"\} 0$/m,
    /^umbra_xds_resources_refused_total 0$/m,
  ])
    assert.match(text, line);
  f.server.set('cart', [resource(CDS, 'a', '3')]);
  assert.doesNotMatch(await registry.metrics(), /umbra_xds_refused\{/, 'nothing is refused any more');
  close();
});

test('attempts are counted each time; types that clients make up share a label', async (t) => {
  const f = await fixture(t, { limits: { nameLength: 20 } });
  const { registry, close } = createXdsMetrics(f.server);
  f.server.set('cart', []);
  for (let i = 0; i < 3; i++) {
    const long = f.sotw();
    long.send({ node: { id: 'cart' }, typeUrl: 't/x', resourceNames: ['x'.repeat(30)] });
    await long.ended;
    const madeUp = f.delta();
    madeUp.send({ node: { id: 'cart' }, typeUrl: `made/up${i}` });
    madeUp.ack(await madeUp.receive());
  }
  await f.acked(3);
  const text = await registry.metrics();
  assert.match(text, /^umbra_xds_attempts_total\{kind="limit-exceeded"\} 3$/m);
  assert.match(text, /^umbra_xds_pushes_total\{type="other"\} 3$/m);
  assert.match(text, /^umbra_xds_acks_total\{type="other"\} 3$/m);
  close();
  f.server.set('cart', [resource(RDS, 'r')]);
  assert.equal(await registry.metrics(), '\n');
});

test('where grpc-js is not as the fast lane expects, all are served, and the log and a metric say that it is slower', async (t) => {
  const usual = grpc.Server.prototype.createConnectionInjector;
  t.mock.method(grpc.Server.prototype, 'createConnectionInjector', function (this: grpc.Server, how: never) {
    const injector = usual.call(this, how);
    const { http2Servers } = this as unknown as { http2Servers: Map<NodeJS.EventEmitter, unknown> };
    for (const inner of http2Servers.keys()) inner.on('stream', () => {});
    return injector;
  });
  const f = await fixture(t);
  assert.equal(f.log.filter(({ level }) => level === 'warn').length, f.server.listeners().length);
  f.server.set('cart', [resource(CDS, 'a')]);
  const stream = f.delta();
  stream.send({ node: { id: 'cart' }, typeUrl: CDS });
  assert.equal((await stream.receive()).resources.length, 1);
  const { registry, close } = createXdsMetrics(f.server);
  assert.match(await registry.metrics(), /^umbra_xds_fast_lane\{address="unix:.+production"\} 0$/m);
  close();
});
