import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MirrorConfig } from '../../filters/config.ts';
import { Exchange } from './exchange.ts';
import { FilterHost, type Headers } from './harness.ts';
import { answer, counted, mirror, pass } from './mirror-world.ts';
import { headerOf, JSON_TYPE, request, response } from './requests.ts';

test('a GET is copied with its tag, production untouched', () => {
  const m = mirror({ authority: 'shadow.example', timeoutMs: 700 });
  const headers = request('GET', '/a?b=c', { 'x-plain': 'v' });
  const { x, copy } = pass(m, headers);
  assert.ok(copy);
  assert.deepEqual(x.request, { headers, body: '', ended: true });
  assert.equal(copy.cluster, 'shadow');
  assert.equal(copy.timeoutMs, 700);
  assert.equal(headerOf(copy.headers, ':authority'), 'shadow.example');
  assert.equal(headerOf(copy.headers, ':path'), '/a?b=c');
  assert.equal(headerOf(copy.headers, 'x-plain'), 'v');
  assert.equal(headerOf(copy.headers, 'x-umbra-shadow'), '1');
  assert.match(headerOf(copy.headers, 'x-umbra-copy') ?? '', /^[0-9a-f]{16}$/);
});

test('a body in chunks and its trailers arrive whole', () => {
  const m = mirror();
  const { copy, x } = pass(m, request('POST', '/a', JSON_TYPE), ['{"a":', '[1,2', ']}'], [['x-sum', '7']]);
  assert.equal(copy?.body, '{"a":[1,2]}');
  assert.deepEqual(copy?.trailers, [['x-sum', '7']]);
  assert.equal(x.request.body, '{"a":[1,2]}');
});

test('hop-by-hop headers, those that connection names, and what belongs to this proxy stay here', () => {
  const m = mirror();
  const { copy } = pass(
    m,
    request('POST', '/a', {
      ...JSON_TYPE,
      connection: 'close, X-Mine',
      'keep-alive': 'timeout=5',
      te: 'trailers',
      'transfer-encoding': 'chunked',
      'proxy-authorization': 'Basic abc',
      expect: '100-continue',
      'content-length': '2',
      'x-envoy-internal': 'true',
      'x-umbra-caller': 'cart',
      'x-forwarded-client-cert': 'Hash=1',
      'x-mine': 'secret',
      accept: '*/*',
    }),
    '{}',
  );
  assert.deepEqual(copy?.headers.map(([n]) => n).sort(), [
    ':authority',
    ':method',
    ':path',
    ':scheme',
    'accept',
    'content-type',
    'x-umbra-copy',
    'x-umbra-shadow',
  ]);
});

/** Requests that are not copied, and the counter of the reason. */
const notCopied: [string, Partial<MirrorConfig>, Headers, string | string[] | undefined, string][] = [
  [
    'an upgrade',
    {},
    request('GET', '/', { connection: 'upgrade', upgrade: 'websocket' }),
    undefined,
    'skipped_upgrade',
  ],
  ['CONNECT', {}, request('CONNECT', '/'), undefined, 'skipped_upgrade'],
  ['a copy of ours', {}, request('GET', '/', { 'x-umbra-shadow': '1' }), undefined, 'skipped_loop'],
  [
    'an encoded body',
    {},
    request('POST', '/', { ...JSON_TYPE, 'content-encoding': 'gzip' }),
    'x',
    'skipped_unreadable',
  ],
  [
    'multipart',
    {},
    request('POST', '/', { 'content-type': 'multipart/form-data; boundary=x' }),
    'x',
    'skipped_unreadable',
  ],
  ['protobuf', {}, request('POST', '/', { 'content-type': 'application/grpc' }), 'x', 'skipped_unreadable'],
  ['no content type', {}, request('POST', '/'), 'x', 'skipped_unreadable'],
  ['XML', {}, request('POST', '/', { 'content-type': 'text/xml' }), '<a/>', 'skipped_unreadable'],
  ['broken JSON', {}, request('POST', '/', JSON_TYPE), '{"password":"x"', 'skipped_unreadable'],
  [
    'a body declared too large',
    { maxBodyBytes: 10 },
    request('POST', '/', { ...JSON_TYPE, 'content-length': '11' }),
    '"12345678"',
    'dropped_body_too_large',
  ],
  [
    'a body that grows too large',
    { maxBodyBytes: 10 },
    request('POST', '/', JSON_TYPE),
    ['"12345', '67890"'],
    'dropped_body_too_large',
  ],
  [
    'more bytes than may be held',
    { maxBytesHeld: 200 },
    request('POST', '/', JSON_TYPE),
    `"${'a'.repeat(300)}"`,
    'dropped_bytes_held',
  ],
  [
    'a cookie of the server without counterpart',
    { learn: { setCookie: ['sid'] } },
    request('GET', '/', { cookie: 'sid=1' }),
    undefined,
    'dropped_unmapped',
  ],
];
for (const [what, change, headers, body, reason] of notCopied) {
  test(`does not copy ${what}`, () => {
    const m = mirror(change);
    const { x, copy } = pass(m, headers, body);
    assert.equal(copy, undefined);
    x.end();
    assert.equal(counted(m, `${reason}`), 1);
    assert.equal(counted(m, 'sampled'), 1);
    assert.equal(counted(m, 'in_flight'), 0);
  });
}

test('an opaque route copies what cannot be read, as it is', () => {
  const m = mirror({ routes: [{ pathPrefix: '/grpc', opaque: true }] });
  assert.equal(
    pass(m, request('POST', '/grpc/S/M', { 'content-type': 'application/grpc' }), 'a\0b').copy?.body,
    'a\0b',
  );
  assert.equal(pass(m, request('POST', '/other', { 'content-type': 'application/grpc' }), 'a\0b').copy, undefined);
});

test('an opaque route copies broken JSON as well, and what can be read is redacted there too', () => {
  const m = mirror({ routes: [{ pathPrefix: '/raw', opaque: true }] });
  assert.equal(pass(m, request('POST', '/raw', JSON_TYPE), '{"a":').copy?.body, '{"a":');
  assert.equal(pass(m, request('POST', '/raw', JSON_TYPE), '{"token":"x"}').copy?.body, '{"token":"redacted"}');
  const grpc = pass(m, request('POST', '/raw', { 'content-type': 'application/grpc', te: 'trailers' }), 'x');
  assert.equal(headerOf(grpc.copy?.headers, 'te'), 'trailers');
});

test('the first route that fits by path, method and header gives the share; other requests have the common one', () => {
  const m = mirror({
    percent: 0,
    routes: [
      { pathPrefix: '/a/health', percent: 0 },
      { pathPrefix: '/a', methods: ['GET', 'HEAD'], header: { name: 'x-on', value: 'yes' }, percent: 100 },
      { pathPrefix: '/b', percent: 100 },
      { methods: ['PUT'], percent: 100 },
      { header: { name: 'x-any' }, percent: 100 },
    ],
  });
  const on = { 'x-on': 'yes' };
  const copied = (...args: Parameters<typeof request>) => pass(m, request(...args)).copy !== undefined;
  assert.ok(copied('GET', '/a/1', on));
  assert.ok(!copied('POST', '/a/1', on));
  assert.ok(!copied('GET', '/a/health', on));
  assert.ok(!copied('GET', '/a/1', { 'x-on': 'no' }));
  assert.ok(!copied('GET', '/c', on));
  assert.ok(copied('POST', '/b'));
  assert.ok(copied('PUT', '/a/1'));
  assert.ok(copied('GET', '/c', { 'x-any': '' }));
  assert.equal(counted(m, 'sampled'), 4);
  const rest = mirror({ percent: 100, routes: [{ pathPrefix: '/a', percent: 0 }] });
  assert.equal(pass(rest, request('GET', '/a')).copy, undefined);
  assert.ok(pass(rest, request('GET', '/b')).copy);
});

test('a request that is not sampled costs no host call; by session, header or method it costs one', () => {
  for (const [change, calls] of [
    [{ percent: 0.0001 }, 0],
    [{ percent: 0, session: { header: 'x-session' } }, 0],
    [{ percent: 0, routes: [{ pathPrefix: '/a', percent: 0.0001 }] }, 0],
    [{ percent: 0.0001, session: { header: 'x-session' } }, 1],
    [{ percent: 0, routes: [{ header: { name: 'x-canary' }, percent: 100 }] }, 1],
    [{ percent: 0, routes: [{ header: { name: 'x-session', value: 's2' }, percent: 100 }] }, 1],
    [
      {
        percent: 0,
        routes: [
          { pathPrefix: '/b', methods: ['PUT'], percent: 100 },
          { methods: ['GET', 'DELETE'], percent: 100 },
        ],
      },
      1,
    ],
  ] satisfies [Partial<MirrorConfig>, number][]) {
    const m = mirror(change);
    const before = m.host.count();
    const { x } = pass(m, request('POST', '/a', { ...JSON_TYPE, 'x-session': 's1' }), '{}');
    answer(x, response(200), 'x');
    x.end();
    assert.equal(m.host.count() - before, calls, JSON.stringify(change));
  }
});

test('the share is kept, and sessions stay whole', () => {
  const m = mirror({ percent: 25 });
  let copied = 0;
  for (let i = 0; i < 4000; i++) {
    const { x, copy } = pass(m, request('GET', '/'));
    if (copy) {
      copied++;
      m.host.answer(copy, response(200));
    }
    x.end();
  }
  assert.ok(copied > 800 && copied < 1200, String(copied));
  const s = mirror({ percent: 50, session: { cookie: 'sid' } });
  let chosen = 0;
  for (let i = 0; i < 200; i++) {
    const outcomes = [0, 1, 2].map(() => {
      const { x, copy } = pass(s, request('GET', '/', { cookie: `a=b; sid=s${i}` }));
      if (copy) s.host.answer(copy, response(200));
      x.end();
      return copy !== undefined;
    });
    assert.ok(outcomes.every((o) => o === outcomes[0]));
    if (outcomes[0]) chosen++;
  }
  assert.ok(chosen > 60 && chosen < 140, String(chosen));
});

test('copies in flight are capped until their callouts end', () => {
  const m = mirror({ maxInFlight: 2 });
  const first = pass(m, request('GET', '/'));
  pass(m, request('GET', '/'));
  assert.equal(pass(m, request('GET', '/')).copy, undefined);
  assert.equal(counted(m, 'dropped_in_flight'), 1);
  answer(first.x, response(200));
  first.x.end();
  assert.equal(pass(m, request('GET', '/')).copy, undefined, 'production is done, the callout is not');
  m.host.answer(first.copy!, response(200));
  const third = pass(m, request('GET', '/'));
  assert.ok(third.copy);
  // The other way round: production's answer streams on, the callout has ended.
  third.x.responseHeaders(response(200));
  m.host.answer(third.copy, response(200));
  assert.ok(pass(m, request('GET', '/')).copy);
});

test('a new configuration is a new root in the same module; the old one ends with its streams', () => {
  const m = mirror();
  const old = pass(m, request('GET', '/'));
  const next = mirror({ cluster: 'shadow-2' }, m.host);
  const newer = pass(next, request('GET', '/'));
  assert.equal(newer.copy?.cluster, 'shadow-2');
  answer(old.x, response(200));
  old.x.end();
  m.host.deleteContext(m.root);
  assert.equal(counted(m, 'dropped_reconfigured'), 1);
  assert.equal(counted(m, 'in_flight'), 1);
  answer(newer.x, response(200));
  m.host.answer(newer.copy!, response(200));
  newer.x.end();
  assert.equal(counted(next, 'in_flight'), 0);
  assert.equal(counted(next, 'compared'), 1);
});

test('a callout that the host refuses counts as failed and leaves nothing', () => {
  const host = new FilterHost('mirror', { refuseCalls: () => true });
  const m = mirror({}, host);
  const { x, copy } = pass(m, request('GET', '/'));
  assert.equal(copy, undefined);
  answer(x, response(200));
  x.end();
  assert.equal(counted(m, 'failed'), 1);
  assert.equal(counted(m, 'in_flight'), 0);
});

test('a request that is answered before it is whole, or never ends, is a stream: counted, not held', () => {
  const m = mirror({ routes: [{ pathPrefix: '/s.S/', opaque: true }] });
  const grpc = { 'content-type': 'application/grpc', te: 'trailers' };
  const both = new Exchange(m.host, m.root);
  both.requestHeaders(request('POST', '/s.S/Both', grpc));
  both.requestBody('\0\0\0\0\x01a');
  both.responseHeaders(response(200, grpc));
  both.requestBody('\0\0\0\0\x01b', true);
  both.end();
  assert.equal(counted(m, 'skipped_stream'), 1);
  const endless = new Exchange(m.host, m.root);
  endless.requestHeaders(request('POST', '/s.S/Up', grpc));
  m.host.run(59_000);
  assert.equal(counted(m, 'in_flight'), 1);
  m.host.run(3000);
  assert.equal(counted(m, 'skipped_stream'), 2);
  assert.equal(counted(m, 'in_flight'), 0);
  assert.equal(counted(m, 'bytes_held'), 0);
  endless.requestBody('\0\0\0\0\x01a', true);
  endless.end();
  assert.equal(m.host.httpCalls.length, 0);
  assert.equal(counted(m, 'sampled'), 2);
});

test('a configuration taken is a sign of life', () => {
  const m = mirror();
  assert.equal(m.host.metric('umbra_mirror_heartbeat'), 0);
  pass(m, request('GET', '/'));
  mirror({ generation: 2 }, m.host);
  assert.equal(m.host.metric('umbra_mirror_heartbeat'), 1);
});

test('the heart beats on the tick, and says what is held', () => {
  const m = mirror({ heartbeatMs: 250 });
  assert.equal(m.host.timers.get(m.root)?.period, 250);
  m.host.tick(m.root);
  assert.equal(m.host.metric('umbra_mirror_heartbeat'), 0, "a VM without streams may be the main thread's");
  pass(m, request('POST', '/', JSON_TYPE), '"12345678"');
  pass(m, request('GET', '/'));
  m.host.tick(m.root);
  m.host.tick(m.root);
  assert.equal(m.host.metric('umbra_mirror_seen'), 2);
  assert.equal(m.host.metric('umbra_mirror_heartbeat'), 2);
  assert.ok(m.host.metric('umbra_mirror_bytes_held') > 10);
});

test('what is counted is told on the heartbeat, with no host call before, and nothing is lost with its root', () => {
  const m = mirror({ routes: [{ name: 'all', pathPrefix: '/' }] });
  const { x, copy } = pass(m, request('GET', '/', { authorization: 'Bearer 0b5e7f3a9c1d4e2f8a6b' }));
  answer(x, response(200));
  x.end();
  assert.equal(m.host.count('proxy_increment_metric'), 1, 'configured, told at once');
  m.host.tick(m.root);
  assert.equal(m.host.metric('umbra_mirror_sent'), 1);
  assert.equal(m.host.metric('umbra_mirror_in_flight'), 1);
  m.host.answer(copy!, response(200));
  assert.equal(m.host.metric('umbra_mirror_compared'), 0);
  m.host.deleteContext(m.root);
  for (const name of ['compared', 'route.all.compared', 'seen'])
    assert.equal(m.host.metric(`umbra_mirror_${name}`), 1, name);
  assert.equal(m.host.metric('umbra_mirror_in_flight'), 0);
});

test('of many copies a part is timed, spread over all of them; of few each is', () => {
  const m = mirror();
  const copies = (n: number) => {
    for (let i = 0; i < n; i++) {
      const { x, copy } = pass(m, request('GET', '/'));
      answer(x, response(200));
      m.host.answer(copy!, response(200));
      x.end();
    }
  };
  const timed = () => m.host.histograms.get('umbra_mirror_shadow_ms')!.splice(0).length;
  copies(1280);
  assert.equal(timed(), 1280, 'nobody knew that there would be so many');
  m.host.tick(m.root);
  copies(1280);
  const part = timed();
  assert.ok(part >= 100 && part <= 128, String(part));
  m.host.tick(m.root);
  m.host.tick(m.root);
  copies(100);
  assert.equal(timed(), 100);
  assert.equal(counted(m, 'compared'), 2660);
});
