/** Both filters in a real Envoy, configured exactly as the control plane configures them. */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ChaosFault, type FilterRole, type MirrorConfig, wasmFilterConfig } from '../../filters/config.ts';
import { bootstrap, cluster, findEnvoy, listener, type RunningEnvoy, startEnvoy } from './envoy-process.ts';
import { modulePath } from './harness.ts';
import { type Service, send, serve } from './services.ts';

const bin = findEnvoy();
const skip = bin ? false : 'no Envoy: set ENVOY_BIN or put envoy on PATH';

const filter = (role: FilterRole, config: object) => ({
  name: `umbra.${role}`,
  typed_config: wasmFilterConfig(role, modulePath(role), JSON.stringify(config)),
});
const mirror = (change: Partial<MirrorConfig>) =>
  filter('mirror', {
    generation: 1,
    cluster: 'shadow',
    percent: 100,
    pseudonymKey: '00112233445566778899aabbccddeeff',
    heartbeatMs: 50,
    ...change,
  });
const started = Date.now();
const chaos = (...faults: Partial<ChaosFault>[]) =>
  filter('chaos', {
    generation: 1,
    faults: faults.map((f, i) => ({ id: `f${i}`, expiresAtMs: started + 600_000, seed: 7, ...f })),
  });

const JSON_TYPE = { 'content-type': 'application/json' };
const socket = join(tmpdir(), `umbra-chaos-${process.pid}.sock`);
let envoy: RunningEnvoy;
let production: Service;
let shadow: Service;
let silent: Service;

before(async () => {
  if (!bin) return;
  const answer = (who: string) => (res: import('node:http').ServerResponse) => {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ id: `${who}-0123456789abcdef`, lines: [{ n: 1 }] }));
  };
  production = await serve((_, res) => answer('production')(res));
  shadow = await serve((_, res) => answer('shadow')(res));
  silent = await serve(() => {});
  const gone = await serve(() => {});
  const gonePort = gone.port;
  await gone.stop();
  const inbound = listener('inbound', 'production', [
    chaos(
      { share: 0.5, match: { pathPrefix: '/flaky', caller: 'cart' }, abort: { http: 503 } },
      { match: { pathPrefix: '/slow' }, delay: { kind: 'fixed', ms: 5000 } },
    ),
  ]);
  envoy = await startEnvoy(
    bin,
    bootstrap(
      [
        listener('mirror', 'production', [mirror({ learn: { jsonPaths: ['$.id'] } })]),
        listener('mirror-gone', 'production', [mirror({ cluster: 'gone' })]),
        listener('mirror-nowhere', 'production', [mirror({ cluster: 'not-there' })]),
        listener('mirror-silent', 'production', [mirror({ cluster: 'silent', timeoutMs: 100, maxInFlight: 4 })]),
        listener('none', 'production', [chaos()]),
        listener('delay', 'production', [chaos({ delay: { kind: 'fixed', ms: 50 } })]),
        listener('abort', 'production', [chaos({ abort: { http: 429 } })]),
        listener('exception', 'production', [chaos({ exception: { template: 'spring', status: 500 } })]),
        listener('reset', 'production', [chaos({ reset: true })]),
        listener('answers', 'production', [chaos({ mutate: { on: 'response', ops: 2 } })]),
        listener('requests', 'production', [
          chaos({ mutate: { on: 'request', ops: 1, kinds: ['null'] }, delay: { kind: 'fixed', ms: 10 } }),
        ]),
        listener('truncate', 'production', [chaos({ truncate: 5 })]),
        listener('expired', 'production', [chaos({ expiresAtMs: started - 1, abort: { http: 500 } })]),
        listener('stall', 'production', [chaos({ maxDurationMs: 1500, stall: 'request' })]),
        { ...inbound, address: { pipe: { path: socket } } },
        listener('caller', 'inbound', [], {
          timeout: '1s',
          retry_policy: { retry_on: '5xx', num_retries: 6, retry_back_off: { base_interval: '0.001s' } },
        }),
        listener('impatient', 'inbound', [], { timeout: '0.1s' }),
      ],
      [
        cluster('production', production.port),
        cluster('shadow', shadow.port),
        cluster('gone', gonePort),
        cluster('silent', silent.port),
        {
          name: 'inbound',
          type: 'STATIC',
          load_assignment: {
            cluster_name: 'inbound',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: socket } } } }] }],
          },
        },
      ],
    ),
  );
});

after(async () => {
  await envoy?.stop();
  await Promise.all([production, shadow, silent].map((s) => s?.stop()));
});

/** Asks for a counter until it is at least `n`; Envoy merges its workers' numbers in its own time. */
async function counted(name: string, n: number): Promise<number> {
  for (let i = 0; i < 500; i++) {
    const value = (await envoy.stats(name))[name] ?? 0;
    if (value >= n) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`${name} did not reach ${n}: ${envoy.log()}`);
}

test('a GET and a POST are copied, tagged and redacted; ids follow', { skip }, async () => {
  const port = envoy.ports.mirror!;
  const first = await send(port, '/a?token=secret-1', {
    headers: { authorization: 'Bearer secret-22', cookie: 'sid=secret-3' },
  });
  assert.equal(first.status, 200);
  assert.deepEqual(JSON.parse(first.body), { id: 'production-0123456789abcdef', lines: [{ n: 1 }] });
  await shadow.arrived(1);
  await counted('umbra_mirror_learned', 1);
  const second = await send(port, '/orders/production-0123456789abcdef', {
    method: 'POST',
    headers: JSON_TYPE,
    body: ['{"password":"secret-4","card":"4111 1111 ', '1111 1111","id":"production-0123456789abcdef"}'],
  });
  assert.equal(second.status, 200);
  await shadow.arrived(2);
  const [get, post] = shadow.received;
  assert.equal(get?.headers['x-umbra-shadow'], '1');
  assert.match(String(get?.headers['x-umbra-copy']), /^[0-9a-f]{16}$/);
  assert.equal(post?.method, 'POST');
  assert.equal(post?.url, '/orders/shadow-0123456789abcdef');
  assert.match(post?.body ?? '', /^\{"password":"redacted","card":"400000\d{10}","id":"shadow-0123456789abcdef"\}$/);
  assert.doesNotMatch(JSON.stringify(shadow.received), /secret-|4111/);
  assert.match(JSON.stringify(production.received), /secret-4.*4111/, 'production gets what was sent');
  assert.equal(await counted('umbra_mirror_compared', 2), 2);
  assert.equal((await envoy.stats('umbra_mirror_status_mismatch')).umbra_mirror_status_mismatch, 0);
});

test('production does not notice a shadow that is gone, unknown or silent', { skip }, async () => {
  const before = (await envoy.stats('umbra_mirror_failed')).umbra_mirror_failed ?? 0;
  for (const name of ['mirror-gone', 'mirror-nowhere', 'mirror-silent']) {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        send(envoy.ports[name]!, '/x', i % 2 ? { method: 'POST', headers: JSON_TYPE, body: '{"a":1}' } : {}),
      ),
    );
    assert.deepEqual(
      answers.map((a) => a.status),
      Array(8).fill(200),
      name,
    );
  }
  // Eight to nowhere at once, eight refused, and of the silent one's those that were let in fail by time-out.
  await counted('umbra_mirror_failed', before + 16 + 4);
  assert.ok((await envoy.stats('umbra_mirror_dropped_in_flight')).umbra_mirror_dropped_in_flight! > 0);
});

test('the heart beats', { skip }, async () => {
  const now = (await envoy.stats('umbra_mirror_heartbeat')).umbra_mirror_heartbeat ?? 0;
  await counted('umbra_mirror_heartbeat', now + 2);
});

test('an empty list of faults changes nothing', { skip }, async () => {
  const answer = await send(envoy.ports.none!, '/x');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['x-umbra-fault'], undefined);
});

test('delay', { skip }, async () => {
  const from = performance.now();
  const answer = await send(envoy.ports.delay!, '/x');
  assert.ok(performance.now() - from >= 49, 'it cannot have come sooner');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['x-umbra-fault'], 'f0;seed=7;n=0;delay=50');
});

test('abort, exception and reset', { skip }, async () => {
  const seen = production.received.length;
  assert.equal((await send(envoy.ports.abort!, '/x')).status, 429);
  const exception = await send(envoy.ports.exception!, '/cart?x=1');
  assert.equal(exception.status, 500);
  const body = JSON.parse(exception.body);
  assert.deepEqual([body.status, body.error, body.path], [500, 'Internal Server Error', '/cart']);
  assert.ok(Math.abs(Date.parse(body.timestamp) - Date.now()) < 60_000);
  await assert.rejects(send(envoy.ports.reset!, '/x'), /ECONNRESET|socket hang up/);
  assert.equal(production.received.length, seen, 'the service saw none of them');
});

test('mutated answers are JSON of the length they say, and differ', { skip }, async () => {
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

test('a mutated request reaches the service mutated, delayed as well', { skip }, async () => {
  const answer = await send(envoy.ports.requests!, '/x', {
    method: 'POST',
    headers: { ...JSON_TYPE, 'content-length': '7' },
    body: '{"a":1}',
  });
  assert.equal(answer.status, 200);
  assert.equal(production.received.at(-1)?.body, '{"a":null}');
  assert.equal(answer.headers['x-umbra-fault'], 'f0;seed=7;n=0;delay=10;ops=null:1');
});

test('a truncated answer', { skip }, async () => {
  assert.equal((await send(envoy.ports.truncate!, '/x')).body, '{"id"');
});

test('an expired fault does nothing, and a running one ends by itself', { skip }, async () => {
  assert.equal((await send(envoy.ports.expired!, '/x')).status, 200);
  assert.ok((await counted('umbra_chaos_expired', 1)) >= 1);
  // Nothing but the filter's own clock lets this one go.
  assert.equal((await send(envoy.ports.stall!, '/x')).status, 200);
});

test("a caller's retries heal what an abort breaks, on the same route", { skip }, async () => {
  const headers = { 'x-umbra-caller': 'cart' };
  // One after the other: Envoy lets three retries go at once.
  const statuses: number[] = [];
  for (let i = 0; i < 30; i++) statuses.push((await send(envoy.ports.caller!, '/flaky', { headers })).status);
  assert.ok(statuses.filter((s) => s === 200).length >= 28, statuses.join());
  const other = await Promise.all(
    Array.from({ length: 10 }, () => send(envoy.ports.caller!, '/flaky', { headers: { 'x-umbra-caller': 'web' } })),
  );
  assert.ok(other.every((a) => a.status === 200));
  const stats = await envoy.stats('cluster.inbound.upstream_rq_retry');
  assert.ok(stats['cluster.inbound.upstream_rq_retry']! > 5);
});

test("a caller's time-out sees the delay, and the delayed stream that goes away harms nothing", { skip }, async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => send(envoy.ports.impatient!, '/slow')));
  assert.ok(answers.every((a) => a.status === 504));
  await counted('umbra_chaos_gone_while_waiting', 10);
  assert.equal((await send(envoy.ports.impatient!, '/fast')).status, 200);
});

test('what was active is over at the end', { skip }, async () => {
  const stats = await envoy.stats('umbra_');
  assert.equal(stats.umbra_chaos_active, 0);
  assert.equal(stats.umbra_chaos_waiting, 0);
  assert.equal(envoy.log().match(/wasm.*(trap|fail|Uncaught)/i), null);
});
