/** Chaos in a real Envoy: what it does to messages, and what a caller's retries, time-outs and hedging make of it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type ChaosFault, wasmFilterConfig } from '../../filters/config.ts';
import { WatchedFilter } from './ecds.ts';
import { bootstrap, cluster, findEnvoy, listener, type RunningEnvoy, startEnvoy } from './envoy-process.ts';
import * as world from './envoy-world.ts';
import { type GrpcService, grpcClient, serveGrpc } from './grpc-service.ts';
import { modulePath } from './harness.ts';
import { type Service, send, serve } from './services.ts';

const started = Date.now();
const config = (...faults: Partial<ChaosFault>[]) => ({
  generation: 1,
  faults: faults.map((f, i) => ({ id: `f${i}`, expiresAtMs: started + 3_600_000, seed: 7, ...f })),
});
let filters = 0;
/** One more filter in the same Envoy, with a name of its own. */
const chaos = (...faults: Partial<ChaosFault>[]) => ({
  name: 'umbra.chaos',
  typed_config: wasmFilterConfig(
    'chaos',
    modulePath('chaos'),
    JSON.stringify({ ...config(...faults), filter: `filter-${filters++}` }),
  ),
});

/** Where callers arrive: chaos stands there, behind every caller's own policies. */
const inbound = (name: string, to: string, ...faults: Partial<ChaosFault>[]) => ({
  listener: { ...listener(name, to, [chaos(...faults)]), address: { pipe: { path: socket(name) } } },
  endpoints: {
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: socket(name) } } } }] }],
    },
  },
});
const socket = (name: string) => join(tmpdir(), `umbra-${name}-${process.pid}.sock`);
const backOff = { retry_back_off: { base_interval: '0.001s' } };

const JSON_TYPE = { 'content-type': 'application/json' };
const bin = findEnvoy();

suite('chaos in Envoy', { skip: bin ? false : 'no Envoy: set ENVOY_BIN or put envoy on PATH' }, () => {
  let envoy: RunningEnvoy;
  let service: Service;
  let grpc: GrpcService;
  let watched: WatchedFilter;

  before(async () => {
    service = await serve((_, res) => {
      res.setHeader('content-type', 'application/json');
      res.setHeader('x-stock', '17');
      res.end('{"id":"0123456789abcdef","lines":[{"n":1}]}');
    });
    grpc = await serveGrpc('service');
    watched = new WatchedFilter('umbra.watched', 'chaos', modulePath('chaos'));
    watched.publish(config());
    const unary = inbound('grpc-in', 'grpc', { share: 0.5, abort: { grpc: 14 } });
    const plain = inbound(
      'in',
      'service',
      { share: 0.5, match: { path: '/flaky', caller: 'cart' }, abort: { http: 503 } },
      { share: 0.5, match: { path: '/broken/**' }, reset: true },
      { match: { path: '/slow' }, delay: { kind: 'fixed', ms: 30_000 } },
      { share: 0.5, match: { path: '/slow/at/times' }, delay: { kind: 'uniform', ms: 40_000, spread: 10_000 } },
    );
    envoy = await startEnvoy(
      bin!,
      bootstrap(
        [
          plain.listener,
          unary.listener,
          listener('none', 'service', [chaos()]),
          listener('delay', 'service', [chaos({ delay: { kind: 'fixed', ms: 50 } })]),
          listener('abort', 'service', [chaos({ abort: { http: 429 } })]),
          listener('exception', 'service', [chaos({ exception: { template: 'spring', status: 500 } })]),
          listener('reset', 'service', [chaos({ reset: true })]),
          listener('answers', 'service', [chaos({ mutate: { on: 'response', ops: 2 } })]),
          listener('requests', 'service', [
            chaos({
              mutate: { on: 'request', ops: 1, kinds: ['null'], parts: ['body', 'query', 'headers'], headers: ['x-a'] },
              delay: { kind: 'fixed', ms: 10 },
            }),
          ]),
          listener('answer-heads', 'service', [
            chaos({
              mutate: { on: 'response', ops: 1, kinds: ['number-jitter'], parts: ['headers'], headers: ['x-stock'] },
            }),
          ]),
          listener('truncate', 'service', [
            chaos({ truncate: { on: 'request', bytes: 3 } }, { truncate: { on: 'response', bytes: 5 } }),
          ]),
          listener('expired', 'service', [chaos({ expiresAtMs: started - 1, abort: { http: 500 } })]),
          listener('watched', 'service', [watched.filter]),
          listener('grpc-direct', 'grpc', [
            chaos(
              { match: { path: '/*/Collect' }, exception: { template: 'grpc', status: 2 } },
              { match: { path: '/*/Get' }, abort: { grpc: 14 } },
              { match: { path: '/*/Talk' }, delay: { kind: 'fixed', ms: 5 } },
            ),
          ]),
          // What callers have on their own routes.
          listener('retries', 'in', [], {
            timeout: '60s',
            retry_policy: { retry_on: '5xx,reset', num_retries: 8, ...backOff },
          }),
          listener('impatient', 'in', [], { timeout: '2s' }),
          listener('retries-slow', 'in', [], {
            timeout: '20s',
            retry_policy: { retry_on: '5xx', num_retries: 8, per_try_timeout: '0.2s', ...backOff },
          }),
          listener('hedges', 'in-hedged', [], {
            timeout: '20s',
            retry_policy: { retry_on: '5xx', num_retries: 8, per_try_timeout: '0.2s', ...backOff },
            hedge_policy: { hedge_on_per_try_timeout: true },
          }),
          listener('grpc-retries', 'grpc-in', [], {
            timeout: '60s',
            retry_policy: { retry_on: 'unavailable', num_retries: 8, ...backOff },
          }),
        ],
        [
          cluster('service', service.port),
          world.clusterOf('grpc', grpc.port, 'http2'),
          { ...cluster('in', 0), ...plain.endpoints },
          { ...cluster('in-hedged', 0), ...plain.endpoints },
          { ...world.clusterOf('grpc-in', 0, 'http2'), ...unary.endpoints },
        ],
      ),
      ['--component-log-level', 'misc:error,main:error,wasm:info'],
    );
  });

  after(async () => {
    await envoy?.stop();
    grpc?.stop();
    await service?.stop();
    watched?.remove();
  });

  const stat = async (name: string) => (await envoy.stats(name))[name] ?? 0;

  const counted = (name: string, n: number) => world.counted(envoy, name, n);

  test('an empty list of faults changes nothing', async () => {
    const answer = await send(envoy.ports.none!, '/x');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['x-umbra-fault'], undefined);
  });

  test('delay', async () => {
    const from = performance.now();
    const answer = await send(envoy.ports.delay!, '/x');
    assert.ok(performance.now() - from >= 49, 'it cannot have come sooner');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['x-umbra-fault'], 'f0;seed=7;n=0;delay=50');
  });

  test('abort, exception and reset', async () => {
    const seen = service.received.length;
    assert.equal((await send(envoy.ports.abort!, '/x')).status, 429);
    const exception = await send(envoy.ports.exception!, '/cart?x=1');
    assert.equal(exception.status, 500);
    const body = JSON.parse(exception.body);
    assert.deepEqual([body.status, body.error, body.path], [500, 'Internal Server Error', '/cart']);
    assert.ok(Math.abs(Date.parse(body.timestamp) - Date.now()) < 60_000);
    await assert.rejects(send(envoy.ports.reset!, '/x'), /ECONNRESET|socket hang up/);
    assert.equal(service.received.length, seen, 'the service saw none of them');
  });

  test('gRPC: an abort and an exception end the call with their status; a delayed talk goes on both ways', async () => {
    const client = grpcClient(envoy.ports['grpc-direct']!);
    try {
      await assert.rejects(client.get('x'), { code: 14, details: 'fault filter abort' });
      await assert.rejects(client.collect(['x']), { code: 2, details: 'Application error processing RPC' });
      assert.deepEqual(grpc.calls, [], 'the service saw neither');
      assert.deepEqual(await client.talk(['a', 'b', 'c']), ['a', 'b', 'c']);
    } finally {
      client.close();
    }
  });

  test('mutated answers are JSON of the length they say, and differ', async () => {
    const bodies = new Set<string>();
    for (let i = 0; i < 10; i++) {
      const answer = await send(envoy.ports.answers!, '/x');
      assert.match(String(answer.headers['x-umbra-fault']), new RegExp(`^f0;seed=7;n=${i};ops=`));
      assert.equal(Number(answer.headers['content-length']), answer.body.length);
      JSON.parse(answer.body);
      bodies.add(answer.body);
    }
    assert.ok(bodies.size > 5);
  });

  test('body, query and headers reach the service mutated, delayed as well', async () => {
    const answer = await send(envoy.ports.requests!, '/x?q=1', {
      method: 'POST',
      headers: { ...JSON_TYPE, 'content-length': '7', 'x-a': 'b' },
      body: '{"a":1}',
    });
    assert.equal(answer.status, 200);
    const got = service.received.at(-1)!;
    assert.deepEqual([got.body, got.url, got.headers['x-a']], ['{"a":null}', '/x?q=', '']);
    assert.equal(answer.headers['x-umbra-fault'], 'f0;seed=7;n=0;delay=10;ops=null:1;query=null:1;headers=null:1');
  });

  test("an answer's headers", async () => {
    const answer = await send(envoy.ports['answer-heads']!, '/x');
    assert.match(String(answer.headers['x-stock']), /^(?!17$)\d+$/);
    assert.equal(answer.headers['x-umbra-fault'], 'f0;seed=7;n=0;headers=number-jitter:1');
    assert.equal(answer.body, '{"id":"0123456789abcdef","lines":[{"n":1}]}');
  });

  test('a truncated request and answer', async () => {
    const answer = await send(envoy.ports.truncate!, '/x', {
      method: 'POST',
      headers: { 'content-length': '6' },
      body: ['ab', 'cdef'],
    });
    assert.equal(answer.body, '{"id"');
    assert.equal(service.received.at(-1)?.body, 'abc');
  });

  test('an expired fault does nothing', async () => {
    assert.equal((await send(envoy.ports.expired!, '/x')).status, 200);
    await counted('umbra_chaos_expired', 1);
  });

  test('a stalled body: the headers come, the rest when the fault ends by its own clock', async () => {
    const ends = Date.now() + 5000;
    watched.publish(config({ id: 'stalled', expiresAtMs: ends, stall: 'response' }));
    await counted(watched.counter('config_reload'), 2);
    const req = request({ host: '127.0.0.1', port: envoy.ports.watched!, path: '/x', agent: false });
    req.end();
    const [res] = (await once(req, 'response')) as [import('node:http').IncomingMessage];
    assert.equal(res.headers['x-umbra-fault'], 'stalled;seed=7;n=0');
    let body = '';
    res.on('data', (chunk) => {
      body += chunk;
      assert.ok(Date.now() >= ends - 1, 'bytes came before the fault had ended');
    });
    await once(res, 'end');
    assert.match(body, /^\{"id"/);
  });

  test('requests that a fault holds go their way when it is taken back', async () => {
    watched.publish(config({ id: 'held', delay: { kind: 'fixed', ms: 60_000 } }));
    await counted(watched.counter('config_reload'), 3);
    const held = [send(envoy.ports.watched!, '/x'), send(envoy.ports.watched!, '/y')];
    await counted('umbra_chaos_waiting', 2);
    watched.publish(config());
    await counted(watched.counter('config_reload'), 4);
    assert.equal((await send(envoy.ports.watched!, '/z')).headers['x-umbra-fault'], undefined);
    for (const answer of await Promise.all(held)) {
      assert.equal(answer.status, 200);
      assert.match(String(answer.headers['x-umbra-fault']), /^held;seed=7;n=\d;delay=60000$/);
    }
  });

  test('what a module refuses leaves what was in force, and the log has the field', async () => {
    watched.publish(config({ id: 'kept', abort: { http: 418 } }));
    await counted(watched.counter('config_reload'), 5);
    watched.publish(config({ share: 2 }));
    await counted(watched.counter('config_fail'), 1);
    await world.says(envoy, /umbra chaos: configuration refused: .*share/);
    assert.equal((await send(envoy.ports.watched!, '/x')).status, 418);
  });

  test("a caller's retries heal aborts and resets on the same route", async () => {
    const port = envoy.ports.retries!;
    // One after the other: Envoy lets three retries go at once.
    for (let i = 0; i < 10; i++) {
      assert.equal((await send(port, '/flaky', { headers: { 'x-umbra-caller': 'cart' } })).status, 200);
      assert.equal((await send(port, '/broken/one')).status, 200);
    }
    assert.ok((await stat('cluster.in.upstream_rq_retry')) > 3);
    const retried = await stat('cluster.in.upstream_rq_retry');
    for (let i = 0; i < 10; i++)
      assert.equal((await send(port, '/flaky', { headers: { 'x-umbra-caller': 'web' } })).status, 200);
    assert.equal(await stat('cluster.in.upstream_rq_retry'), retried, 'another caller is not hit');
  });

  test("a caller's retries heal gRPC's unavailable on the same route", async () => {
    const client = grpcClient(envoy.ports['grpc-retries']!);
    try {
      for (let i = 0; i < 10; i++) assert.equal(await client.get('x'), 'service:x');
    } finally {
      client.close();
    }
    assert.ok((await stat('cluster.grpc-in.upstream_rq_retry')) > 1);
  });

  test("a caller's time-out sees the delay, and delayed streams that go away harm nothing", async () => {
    const gone = await stat('umbra_chaos_gone_while_waiting');
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(envoy.ports.impatient!, '/slow')));
    assert.ok(answers.every((a) => a.status === 504));
    await counted('umbra_chaos_gone_while_waiting', gone + 10);
    assert.equal((await send(envoy.ports.impatient!, '/fast')).status, 200);
  });

  test('a time-out per try and a retry get around a delay on the same route', async () => {
    // Delays last longer than the route waits: only another try can have answered.
    for (let i = 0; i < 10; i++) assert.equal((await send(envoy.ports['retries-slow']!, '/slow/at/times')).status, 200);
    assert.ok((await stat('cluster.in.upstream_rq_per_try_timeout')) > 0);
  });

  test('hedging gets around a delay on the same route', async () => {
    for (let i = 0; i < 10; i++) assert.equal((await send(envoy.ports.hedges!, '/slow/at/times')).status, 200);
    assert.ok((await stat('cluster.in-hedged.upstream_rq_retry')) > 0);
  });

  test('what was done is in the log, and at the end nothing is active', async () => {
    await world.says(envoy, /umbra chaos: f0;seed=7;n=0;delay=50/);
    // The reset, which no header could name.
    await world.says(envoy, /umbra chaos: f0;seed=7;n=0\n/);
    await world.shows(envoy, 'umbra_chaos_active', (active) => active === 0);
    assert.equal(await stat('umbra_chaos_waiting'), 0);
    assert.equal(envoy.log().match(/Uncaught|RuntimeError|unreachable/), null);
  });
});
