/** Mirror in a real Envoy, configured exactly as the control plane configures it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bootstrap, cluster, findEnvoy, listener, type RunningEnvoy, startEnvoy } from './envoy-process.ts';
import { counted, mirrorFilter } from './envoy-world.ts';
import { type Service, send, serve } from './services.ts';

const bin = findEnvoy();
const skip = bin ? false : 'no Envoy: set ENVOY_BIN or put envoy on PATH';

const JSON_TYPE = { 'content-type': 'application/json' };
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
  envoy = await startEnvoy(
    bin,
    bootstrap(
      [
        listener('mirror', 'production', [mirrorFilter({ learn: { jsonPaths: ['$.id'] } })]),
        listener('mirror-gone', 'production', [mirrorFilter({ cluster: 'gone' })]),
        listener('mirror-nowhere', 'production', [mirrorFilter({ cluster: 'not-there' })]),
        listener('mirror-silent', 'production', [mirrorFilter({ cluster: 'silent', timeoutMs: 1000, maxInFlight: 4 })]),
      ],
      [
        cluster('production', production.port),
        cluster('shadow', shadow.port),
        cluster('gone', 1), // Nobody listens there, and no system gives that port away.
        cluster('silent', silent.port),
      ],
    ),
  );
});

after(async () => {
  await envoy?.stop();
  await Promise.all([production, shadow, silent].map((s) => s?.stop()));
});

test('a GET and a POST are copied, tagged and redacted; ids follow', { skip }, async () => {
  const port = envoy.ports.mirror!;
  const first = await send(port, '/a?token=secret-1', {
    headers: { authorization: 'Bearer secret-22', cookie: 'sid=secret-3' },
  });
  assert.equal(first.status, 200);
  assert.deepEqual(JSON.parse(first.body), { id: 'production-0123456789abcdef', lines: [{ n: 1 }] });
  await shadow.arrived(1);
  await counted(envoy, 'umbra_mirror_learned', 1);
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
  assert.equal(await counted(envoy, 'umbra_mirror_compared', 2), 2);
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
  await counted(envoy, 'umbra_mirror_failed', before + 16 + 4);
  assert.ok((await envoy.stats('umbra_mirror_dropped_in_flight')).umbra_mirror_dropped_in_flight! > 0);
});

test('the heart beats', { skip }, async () => {
  const now = (await envoy.stats('umbra_mirror_heartbeat')).umbra_mirror_heartbeat ?? 0;
  await counted(envoy, 'umbra_mirror_heartbeat', now + 2);
});
