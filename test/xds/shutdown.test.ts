import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { wallClock } from '../../control-plane/mesh/clock.ts';
import { CDS, fixture, resource, texts } from './fixture.ts';

test('a held server answers nobody before it is released, whatever is set', async (t) => {
  for (const protocol of ['sotw', 'delta'] as const) {
    const f = await fixture(t, { held: true });
    assert.equal(f.server.ready, false);
    const connected = f.next('connect');
    const stream = f[protocol]();
    stream.send({ node: { id: 'cart' }, typeUrl: CDS } as never);
    await connected;
    f.server.set('cart', []);
    f.server.set('cart', [resource(CDS, 'a')]);
    assert.equal(f.server.counters.pushes, 0);
    f.server.release();
    assert.equal(f.server.ready, true);
    assert.deepEqual(texts((await stream.receive()).resources), ['a=1']);
    assert.equal(f.server.counters.pushes, 1, 'the empty state in between was never shown');
  }
});

test('draining asks proxies to leave one after another, and serves those that are left', async (t) => {
  // Sleeps of the spread end when the test says so.
  const sleeps: { ms: number; wake: () => void }[] = [];
  let slept: () => void = () => {};
  let now = Date.now();
  const clock = {
    now: () => now,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        const wake = () => {
          now += ms;
          resolve();
        };
        sleeps.push({ ms, wake });
        slept();
      }),
  };
  const f = await fixture(t, { clock });
  const ids = ['a', 'b', 'c'];
  const streams = new Map(ids.map((id) => [id, f.delta()]));
  for (const [id, stream] of streams) {
    f.server.set(id, [resource(CDS, id)]);
    stream.send({ node: { id }, typeUrl: CDS });
    stream.ack(await stream.receive());
  }
  await f.acked(3);
  const left: string[] = [];
  f.server.on('disconnect', ({ nodeId }) => left.push(nodeId));
  const gone = (n: number) =>
    new Promise<void>((resolve) => {
      const look = () => left.length >= n && resolve();
      f.server.on('disconnect', look);
      look();
    });
  sleeps.length = 0;
  const sleeping = new Promise<void>((resolve) => (slept = resolve));
  const drained = f.server.drain(30_000);
  await Promise.all([gone(1), sleeping]);
  assert.equal(f.server.ready, false);
  const [pause] = sleeps.splice(0);
  assert.equal(pause!.ms, 10_000, 'a third of the time for each of three');
  const first = await streams.get(left[0]!)!.ended;
  assert.deepEqual([first.code, first.details], [grpc.status.UNAVAILABLE, 'the management server is closing']);
  const later = f.delta();
  later.send({ node: { id: 'a' }, typeUrl: CDS });
  assert.equal((await later.ended).code, grpc.status.UNAVAILABLE, 'nobody new is taken');
  const staying = ids.find((id) => id !== left[0])!;
  f.server.set(staying, [resource(CDS, staying, '2')]);
  assert.deepEqual(texts((await streams.get(staying)!.receive()).resources), [`${staying}=2`]);
  slept = () => sleeps.splice(0).forEach(({ wake }) => void wake());
  pause!.wake();
  await drained;
  await gone(3);
  assert.deepEqual([...left].sort(), ids);
});

test('gRPC’s health service says whether anything is served, to who asks and to who watches', async (t) => {
  const f = await fixture(t, { held: true });
  const HealthClient = grpc.makeGenericClientConstructor(healthService as unknown as grpc.ServiceDefinition, 'health');
  const client = new HealthClient(`unix:${f.folder}/production`, grpc.credentials.createInsecure());
  f.adopt(client);
  const check = (service: string) =>
    new Promise<string>((resolve, reject) =>
      client.check!({ service }, (error: Error | null, answer: { status: string }) =>
        error ? reject(error) : resolve(answer.status),
      ),
    );
  const watch: grpc.ClientReadableStream<{ status: string }> = client.watch!({ service: '' });
  watch.on('error', () => {});
  const seen = watch[Symbol.asyncIterator]();
  const next = async () => (await seen.next()).value?.status;
  assert.equal(await next(), 'NOT_SERVING');
  assert.equal(await check('envoy.service.discovery.v3.AggregatedDiscoveryService'), 'NOT_SERVING');
  f.server.release();
  assert.equal(await next(), 'SERVING');
  assert.equal(await check(''), 'SERVING');
  assert.equal(await check('envoy.service.cluster.v3.ClusterDiscoveryService'), 'SERVING');
  await assert.rejects(check('no.such.Service'), { code: grpc.status.NOT_FOUND });
  await Promise.all([f.server.drain(0), next().then((status) => assert.equal(status, 'NOT_SERVING'))]);
});

test('closing in the middle of a drain ends it at once', async (t) => {
  const f = await fixture(t, { clock: wallClock });
  f.server.set('cart', []);
  const streams = [f.sotw(), f.sotw()];
  for (const stream of streams) {
    stream.send({ node: { id: 'cart' }, typeUrl: CDS });
    await stream.receive();
  }
  const drained = f.server.drain(3_600_000);
  await f.server.close();
  await drained;
  for (const stream of streams) assert.equal((await stream.ended).code, grpc.status.UNAVAILABLE);
});
