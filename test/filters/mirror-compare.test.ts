import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exchange } from './exchange.ts';
import type { Headers } from './harness.ts';
import { answer, counted, mirror, pass } from './mirror-world.ts';
import { headerOf, JSON_TYPE, request, response } from './requests.ts';

/** Production's answer, the shadow's, and what the comparison must say. */
const comparisons: [Headers, string, Headers | undefined, string, Record<string, number>][] = [
  [response(200), '', response(200), '', { compared: 1 }],
  [response(200), '', response(503), '', { compared: 1, status_mismatch: 1 }],
  [response(200), '', undefined, '', { failed: 1, uncompared: 1 }],
  [
    response(200, JSON_TYPE),
    '{"a":1,"b":[{"c":1}]}',
    response(200, JSON_TYPE),
    '{"b":[{"c":2},{"c":3}],"a":9}',
    { compared: 1, digest_compared: 1 },
  ],
  [
    response(200, JSON_TYPE),
    '{"a":1}',
    response(200, JSON_TYPE),
    '{"a":"1"}',
    { compared: 1, digest_compared: 1, digest_mismatch: 1 },
  ],
  [
    response(200, JSON_TYPE),
    '{"a":1}',
    response(200, JSON_TYPE),
    '{"a":1,"b":2}',
    { compared: 1, digest_compared: 1, digest_mismatch: 1 },
  ],
  [
    response(200, JSON_TYPE),
    '{"a":{"b":1}}',
    response(200, JSON_TYPE),
    '{"a":{"c":1}}',
    { compared: 1, digest_compared: 1, digest_mismatch: 1 },
  ],
  [
    response(200, JSON_TYPE),
    '{"a":true}',
    response(200, JSON_TYPE),
    '{"a":false}',
    { compared: 1, digest_compared: 1 },
  ],
  [response(200, JSON_TYPE), '{"a":1', response(200, JSON_TYPE), '{"a":1}', { compared: 1 }],
];
for (const [mine, mineBody, theirs, theirsBody, expected] of comparisons) {
  for (const order of ['production', 'shadow'] as const) {
    test(`compares ${mineBody || mine[0]![1]} with ${theirsBody || theirs?.[0]?.[1]}, ${order} first`, () => {
      const m = mirror({ routes: [{ name: 'all', pathPrefix: '/' }] });
      const { x, copy } = pass(m, request('GET', '/'));
      if (order === 'production') answer(x, mine, mineBody);
      m.host.advance(30);
      m.host.answer(copy!, theirs ?? [], theirsBody);
      if (order === 'shadow') answer(x, mine, mineBody);
      x.end();
      for (const name of ['compared', 'uncompared', 'failed', 'status_mismatch', 'digest_compared', 'digest_mismatch'])
        assert.equal(counted(m, `${name}`), expected[name] ?? 0, name);
      for (const name of ['compared', 'status_mismatch', 'digest_mismatch'])
        assert.equal(counted(m, `route.all.${name}`), expected[name] ?? 0, name);
      assert.equal(counted(m, 'in_flight'), 0);
      if (expected.compared) assert.deepEqual(m.host.histograms.get('umbra_mirror_shadow_ms'), [30]);
    });
  }
}

test('an exchange that breaks off is not compared, and a request that never ended is not sent', () => {
  const m = mirror();
  const { x, copy } = pass(m, request('GET', '/'));
  x.responseHeaders(response(200));
  x.end();
  m.host.answer(copy!, response(200));
  assert.equal(counted(m, 'compared'), 0);
  assert.equal(counted(m, 'uncompared'), 1);
  const y = new Exchange(m.host, m.root);
  y.requestHeaders(request('POST', '/', JSON_TYPE));
  y.requestBody('{"a"');
  y.end();
  assert.equal(counted(m, 'dropped_aborted'), 1);
  assert.equal(counted(m, 'in_flight'), 0);
});

test('safe requests are sent twice for the noise floor, writes never', () => {
  const m = mirror({ twicePercent: 100, routes: [{ name: 'r', pathPrefix: '/' }] });
  const { x } = pass(m, request('GET', '/'));
  assert.deepEqual(
    m.host.httpCalls.map((c) => headerOf(c.headers, 'x-umbra-shadow')),
    ['1', '2'],
  );
  answer(x, response(200));
  m.host.answer(m.host.httpCalls[1]!, response(500));
  m.host.answer(m.host.httpCalls[0]!, response(200));
  x.end();
  assert.equal(counted(m, 'noise_compared'), 1);
  assert.equal(counted(m, 'noise_status_mismatch'), 1);
  assert.equal(counted(m, 'route.r.noise_status_mismatch'), 1);
  assert.equal(counted(m, 'in_flight'), 0);
  pass(m, request('POST', '/', JSON_TYPE), '{}');
  assert.equal(m.host.httpCalls.length, 1);
});

test('nor is a safe request whose route says it has an effect', () => {
  const m = mirror({ twicePercent: 100, routes: [{ pathPrefix: '/unsubscribe', twice: false }] });
  pass(m, request('GET', '/unsubscribe?who=me'));
  assert.equal(m.host.httpCalls.length, 1);
  pass(m, request('GET', '/'));
  assert.equal(m.host.httpCalls.length, 3);
});

test("ids the server made are replaced by the shadow's own in later copies of the session", () => {
  const m = mirror({
    session: { cookie: 'sid' },
    learn: { jsonPaths: ['$.id', '$.lines[*].id', '$.token'], location: true, setCookie: ['sid'] },
  });
  const login = pass(m, request('POST', '/login', JSON_TYPE), '{"user":"joe"}');
  answer(
    login.x,
    [...response(200, JSON_TYPE), ['set-cookie', 'sid=prod-session; Path=/']],
    '{"token":"production-token-1"}',
  );
  m.host.answer(
    login.copy!,
    [...response(200, JSON_TYPE), ['set-cookie', 'sid=shadow-session; Path=/']],
    '{"token":"shadow-token-9"}',
  );
  login.x.end();
  const session = { cookie: 'sid=prod-session', authorization: 'Bearer production-token-1' };
  const order = pass(m, request('POST', '/orders', { ...JSON_TYPE, ...session }), '{"n":2}');
  assert.equal(headerOf(order.copy?.headers, 'cookie'), 'sid=shadow-session');
  assert.equal(headerOf(order.copy?.headers, 'authorization'), 'Bearer shadow-token-9');
  answer(
    order.x,
    [...response(201, JSON_TYPE), ['location', '/orders/17']],
    '{"id":17,"lines":[{"id":"a1"},{"id":"a2"}]}',
  );
  // While the shadow's answer is not in, a copy that names the id would mislead: it is counted, not sent.
  assert.equal(pass(m, request('GET', '/orders/17', session)).copy, undefined);
  assert.equal(counted(m, 'dropped_unmapped'), 1);
  m.host.answer(
    order.copy!,
    [...response(201, JSON_TYPE), ['location', '/orders/99']],
    '{"id":99,"lines":[{"id":"b1"},{"id":"b2"}]}',
  );
  order.x.end();
  const later = pass(
    m,
    request('POST', '/orders/17/lines/a2?order=17&q=170', { ...JSON_TYPE, ...session }),
    '{"orderId":17,"quantity":17,"line":"a1"}',
  );
  assert.equal(headerOf(later.copy?.headers, ':path'), '/orders/99/lines/b2?order=99&q=170');
  assert.equal(later.copy?.body, '{"orderId":99,"quantity":17,"line":"b1"}');
  // Another session's 17 is not this one's.
  const other = pass(m, request('GET', '/orders/17', { authorization: 'Bearer someone-else-entirely' }));
  assert.equal(headerOf(other.copy?.headers, ':path'), '/orders/17');
});

/** gRPC's status is in the trailers, or in the headers of an answer that has nothing else. */
const GRPC = { 'content-type': 'application/grpc' };
for (const [mine, theirs, mismatches] of [
  ['0', '0', 0],
  ['0', '14', 1],
  ['5', '5', 0],
  ['0', undefined, 1],
] as const) {
  for (const alone of [true, false]) {
    test(`compares gRPC status ${mine} with ${theirs}${alone ? ' in headers' : ''}`, () => {
      const m = mirror({ routes: [{ pathPrefix: '/s.S/', opaque: true }] });
      const { x, copy } = pass(m, request('POST', '/s.S/Get', GRPC), '\0\0\0\0\x01a');
      assert.equal(copy?.body, '\0\0\0\0\x01a');
      const trailers: Headers = theirs === undefined ? [] : [['grpc-status', theirs]];
      if (alone) {
        x.responseHeaders([...response(200, GRPC), ['grpc-status', mine]], true);
        m.host.answer(copy, [...response(200, GRPC), ...trailers]);
      } else {
        x.responseHeaders(response(200, GRPC));
        x.responseBody('\0\0\0\0\x01b');
        x.responseTrailers([['grpc-status', mine]]);
        m.host.answer(copy, response(200, GRPC), '\0\0\0\0\x01c', trailers);
      }
      x.end();
      assert.equal(counted(m, 'compared'), 1);
      assert.equal(counted(m, 'status_mismatch'), mismatches);
    });
  }
}

test("Envoy's own answer for a shadow that cannot be reached is no answer of the shadow", () => {
  const m = mirror();
  const { x, copy } = pass(m, request('GET', '/'));
  answer(x, response(200));
  m.host.answer(copy!, response(503, { 'content-type': 'text/plain' }), 'upstream connect error', [], true);
  x.end();
  assert.equal(counted(m, 'failed'), 1);
  assert.equal(counted(m, 'compared'), 0);
  assert.equal(counted(m, 'status_mismatch'), 0);
});

test("what is gathered of production's answer counts no longer once it is over the cap", () => {
  const m = mirror({ maxBodyBytes: 20 });
  const { x, copy } = pass(m, request('GET', '/'));
  m.host.answer(copy!, response(200));
  x.responseHeaders(response(200, JSON_TYPE), false);
  x.responseBody('{"a":"0123456', false);
  assert.equal(counted(m, 'bytes_held'), 13);
  x.responseBody('789abcdef', false);
  assert.equal(counted(m, 'bytes_held'), 0);
  x.end();
});
