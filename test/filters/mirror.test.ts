import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MirrorConfig } from '../../filters/config.ts';
import { Exchange } from './exchange.ts';
import { FilterHost, type Headers, type HttpCall } from './harness.ts';
import { headerOf, JSON_TYPE, request, response } from './requests.ts';

const base: MirrorConfig = {
  generation: 1,
  cluster: 'shadow',
  percent: 100,
  pseudonymKey: '00112233445566778899aabbccddeeff',
};

function mirror(change: Partial<MirrorConfig> = {}, host = new FilterHost('mirror')) {
  const root = host.configure({ ...base, ...change });
  assert.ok(root, host.logs.join());
  return { host, root };
}

/** Sends one request whole and returns the exchange and its copy, if one was sent. */
function pass(
  m: { host: FilterHost; root: number },
  headers: Headers,
  body?: string | string[],
  trailers?: Headers,
): { x: Exchange; copy: HttpCall | undefined } {
  const before = m.host.httpCalls.length;
  const x = new Exchange(m.host, m.root);
  const chunks = body === undefined ? [] : Array.isArray(body) ? body : [body];
  x.requestHeaders(headers, chunks.length === 0 && !trailers);
  chunks.forEach((chunk, i) => void x.requestBody(chunk, i === chunks.length - 1 && !trailers));
  if (trailers) x.requestTrailers(trailers);
  assert.ok(x.results.every((r) => r === 0));
  return { x, copy: m.host.httpCalls[before] };
}

function answer(x: Exchange, headers: Headers, body = ''): void {
  x.responseHeaders(headers, body === '');
  if (body !== '') x.responseBody(body, true);
}

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

/** Each: what is sent, and what the shadow must see of it. */
const bodies: [type: string, sent: string, seen: string | RegExp][] = [
  ['application/json', '{"password":"hunter2","n":1}', '{"password":"redacted","n":1}'],
  ['application/json', '{"pin_code":1234,"otp":123456}', '{"pin_code":1234,"otp":0}'],
  [
    'application/json',
    '{"credentials":{"a":"x","b":[1,true,null]}}',
    '{"credentials":{"a":"redacted","b":[0,null,null]}}',
  ],
  ['application/json', '{ "access_token" : "x" , "k" : "v" }', '{ "access_token" : "redacted" , "k" : "v" }'],
  ['application/json', '{"client_secret":"x","myField":"y"}', '{"client_secret":"redacted","myField":"redacted"}'],
  ['application/json', '{"p\\u0061ssword":"x"}', '{"p\\u0061ssword":"redacted"}'],
  ['application/json', '["4111111111111111"]', /^\["400000\d{10}"\]$/],
  ['application/json', '[4111111111111111]', /^\[400000\d{10}\]$/],
  ['application/json', '["4111\\u00201111 1111 1111"]', /^\["400000\d{10}"\]$/],
  ['application/json', '["4111111111111112"]', '["4111111111111112"]'],
  ['application/json', '["joe@example.com"]', /^\["umbra-[0-9a-f]{16}@example\.invalid"\]$/],
  ['application/json', '["Bearer abcdefgh12"]', /^\["Bearer umbra-[0-9a-f]{32}"\]$/],
  ['application/json', '"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"', /^"umbra-[0-9a-f]{32}"$/],
  ['application/vnd.api+json', '{"Password":"x"}', '{"Password":"redacted"}'],
  ['application/x-www-form-urlencoded', 'user=a&password=b&c=d', 'user=a&password=redacted&c=d'],
  ['application/x-www-form-urlencoded', 'p%61ssword=b', 'p%61ssword=redacted'],
  ['application/x-www-form-urlencoded', 'card=4111+1111+1111+1111&x=%20', /^card=400000\d{10}&x=%20$/],
  ['application/x-www-form-urlencoded', 'm=joe%40example.com', /^m=umbra-[0-9a-f]{16}%40example\.invalid$/],
  ['text/plain; charset=utf-8', 'call 4111-1111-1111-1111 now', /^call 400000\d{10} now$/],
  ['text/plain', '{"password":"x"}', '{"password":"redacted"}'],
];
for (const [type, sent, seen] of bodies) {
  test(`redacts ${type}: ${sent}`, () => {
    const m = mirror({ redact: { emails: true, jsonFields: ['myfield'] } });
    // Cut at every place: no secret hides at a chunk's border.
    for (let cut = 0; cut <= sent.length; cut += Math.max(1, Math.floor(sent.length / 7))) {
      const { copy, x } = pass(m, request('POST', '/a', { 'content-type': type }), [
        sent.slice(0, cut),
        sent.slice(cut),
      ]);
      assert.ok(copy);
      if (typeof seen === 'string') assert.equal(copy.body, seen);
      else assert.match(copy.body, seen);
      assert.equal(x.request.body, sent);
      m.host.answer(copy);
      x.end();
    }
  });
}

const heads: [Record<string, string>, string, Record<string, string | RegExp>, string | RegExp][] = [
  [{}, '/login?token=abc&x=1', {}, '/login?token=redacted&x=1'],
  [{}, '/u/joe%40example.com/4111111111111111', {}, /^\/u\/umbra-[0-9a-f]{16}%40example\.invalid\/400000\d{10}$/],
  [{}, '/a%20b/c?q=%7B%7D', {}, '/a%20b/c?q=%7B%7D'],
  [
    { authorization: 'Bearer tok' },
    '/',
    { authorization: /^Bearer umbra-[0-9a-f]{32}$/, 'x-umbra-identity': /^umbra-/ },
    '/',
  ],
  [{ authorization: 'Basic am9lOnNlY3JldA==' }, '/', { authorization: /^Basic [A-Za-z0-9+/]+=*$/ }, '/'],
  [{ 'x-api-key': 'k' }, '/', { 'x-api-key': /^umbra-[0-9a-f]{32}$/ }, '/'],
  [{ cookie: 'sid=1; theme=dark' }, '/', { cookie: /^sid=umbra-[0-9a-f]{32}; theme=dark$/ }, '/'],
  [
    { referer: 'http://shop.example/a?password=b&c=d' },
    '/',
    { referer: 'http://shop.example/a?password=redacted&c=d' },
    '/',
  ],
  [{ 'x-secret': 'v' }, '/', { 'x-secret': 'redacted' }, '/'],
  [{ 'x-note': 'card 4111 1111 1111 1111' }, '/', { 'x-note': /^card 400000\d{10}$/ }, '/'],
];
for (const [headers, path, seen, seenPath] of heads) {
  test(`redacts ${path} ${JSON.stringify(headers)}`, () => {
    const m = mirror({ redact: { emails: true, headers: ['x-secret'] }, identity: { plainCookies: ['theme'] } });
    const { copy } = pass(m, request('GET', path, headers));
    const got = headerOf(copy?.headers ?? [], ':path') ?? '';
    if (typeof seenPath === 'string') assert.equal(got, seenPath);
    else assert.match(got, seenPath);
    for (const [name, value] of Object.entries(seen)) {
      const at = headerOf(copy?.headers, name) ?? '';
      if (typeof value === 'string') assert.equal(at, value, name);
      else assert.match(at, value, name);
    }
  });
}

test('a Basic credential stays readable as one', () => {
  const { copy } = pass(mirror(), request('GET', '/', { authorization: 'Basic am9lOnNlY3JldA==' }));
  const plain = Buffer.from((headerOf(copy?.headers, 'authorization') ?? '').slice(6), 'base64').toString();
  assert.match(plain, /^umbra-[0-9a-f]{32}:umbra$/);
});

test('pseudonyms are stable under one key and differ under another', () => {
  const seen = (key: string, value: string) =>
    headerOf(
      pass(mirror({ pseudonymKey: key }), request('GET', '/', { authorization: value })).copy?.headers,
      'authorization',
    );
  const key = base.pseudonymKey;
  assert.equal(seen(key, 'Bearer a'), seen(key, 'Bearer a'));
  assert.notEqual(seen(key, 'Bearer a'), seen(key, 'Bearer b'));
  assert.notEqual(seen(key, 'Bearer a'), seen('f'.repeat(32), 'Bearer a'));
});

test("pseudonyms are SipHash-2-4-128, as the reference implementation's vectors have it", () => {
  // vectors_sip128 of the reference: key 000102…0f, input 00 01 02 … (n bytes). The tweak for pseudonyms is one more block before
  // the input, so the vector to compare with is computed from the same definition here, block by block.
  const { copy } = pass(
    mirror({ pseudonymKey: '0706050403020100' + '0f0e0d0c0b0a0908' }),
    request('GET', '/', { 'x-api-key': 'abc' }),
  );
  const tweak = Buffer.alloc(8);
  tweak.writeBigUInt64LE(1n);
  // The length byte counts the value alone.
  assert.equal(headerOf(copy?.headers, 'x-api-key'), `umbra-${siphash128(tweak, Buffer.from('abc'))}`);
  assert.equal(siphash128(Buffer.alloc(0), Buffer.alloc(0)), reference('a3817f04ba25a8e66df67214c7550293'));
  assert.equal(siphash128(Buffer.alloc(0), Buffer.from([0])), reference('da87c1d86b99af44347659119b22fc45'));
});

/** The reference prints bytes; the filter two little-endian words as numbers. */
function reference(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  return [0, 8].map((at) => bytes.readBigUInt64LE(at).toString(16).padStart(16, '0')).join('');
}

/** SipHash-2-4-128 under the key 000102…0f in plain BigInt, with a prefix of whole blocks that the length does not count. */
function siphash128(prefix: Buffer, input: Buffer): string {
  const mask = (1n << 64n) - 1n;
  const rot = (x: bigint, n: bigint) => ((x << n) | (x >> (64n - n))) & mask;
  const k0 = 0x0706050403020100n;
  const k1 = 0x0f0e0d0c0b0a0908n;
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn ^ 0xeen;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;
  const rounds = (n: number) => {
    for (let i = 0; i < n; i++) {
      v0 = (v0 + v1) & mask;
      v1 = rot(v1, 13n) ^ v0;
      v0 = rot(v0, 32n);
      v2 = (v2 + v3) & mask;
      v3 = rot(v3, 16n) ^ v2;
      v0 = (v0 + v3) & mask;
      v3 = rot(v3, 21n) ^ v0;
      v2 = (v2 + v1) & mask;
      v1 = rot(v1, 17n) ^ v2;
      v2 = rot(v2, 32n);
    }
  };
  const block = (m: bigint) => {
    v3 ^= m;
    rounds(2);
    v0 ^= m;
  };
  for (let at = 0; at < prefix.length; at += 8) block(prefix.readBigUInt64LE(at));
  const whole = input.length - (input.length % 8);
  for (let at = 0; at < whole; at += 8) block(input.readBigUInt64LE(at));
  let last = BigInt(input.length & 255) << 56n;
  for (let i = whole; i < input.length; i++) last |= BigInt(input[i]!) << BigInt(8 * (i - whole));
  block(last);
  v2 ^= 0xeen;
  rounds(4);
  const high = v0 ^ v1 ^ v2 ^ v3;
  v1 ^= 0xddn;
  rounds(4);
  return [high, v0 ^ v1 ^ v2 ^ v3].map((v) => v.toString(16).padStart(16, '0')).join('');
}

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
    assert.equal(m.host.metric(`umbra_mirror_${reason}`), 1);
    assert.equal(m.host.metric('umbra_mirror_sampled'), 1);
    assert.equal(m.host.metric('umbra_mirror_in_flight'), 0);
  });
}

test('an opaque route copies what cannot be read, as it is', () => {
  const m = mirror({ opaque: ['/grpc'] });
  assert.equal(
    pass(m, request('POST', '/grpc/S/M', { 'content-type': 'application/grpc' }), 'a\0b').copy?.body,
    'a\0b',
  );
  assert.equal(pass(m, request('POST', '/other', { 'content-type': 'application/grpc' }), 'a\0b').copy, undefined);
});

test('match and exclude', () => {
  const m = mirror({
    match: { methods: ['GET'], pathPrefixes: ['/a', '/b'], header: { name: 'x-on', value: 'yes' } },
    exclude: { pathPrefixes: ['/a/health'] },
  });
  const on = { 'x-on': 'yes' };
  assert.ok(pass(m, request('GET', '/a/1', on)).copy);
  assert.equal(pass(m, request('POST', '/a/1', on)).copy, undefined);
  assert.equal(pass(m, request('GET', '/c', on)).copy, undefined);
  assert.equal(pass(m, request('GET', '/a/health', on)).copy, undefined);
  assert.equal(pass(m, request('GET', '/a/1', { 'x-on': 'no' })).copy, undefined);
  assert.equal(m.host.metric('umbra_mirror_sampled'), 1);
});

test('a request that is not sampled costs no host call; by session it costs one', () => {
  const weight = mirror({ percent: 0.0001 });
  const session = mirror({ percent: 0, session: { header: 'x-session' } });
  const bySession = mirror({ percent: 0.0001, session: { header: 'x-session' } });
  for (const [m, calls] of [
    [weight, 0],
    [session, 0],
    [bySession, 1],
  ] as const) {
    const before = m.host.count();
    const { x } = pass(m, request('POST', '/a', { ...JSON_TYPE, 'x-session': 's1' }), '{}');
    answer(x, response(200), 'x');
    x.end();
    assert.equal(m.host.count() - before, calls);
  }
});

test('the share is kept, and sessions stay whole', () => {
  const m = mirror({ percent: 25 });
  let copied = 0;
  for (let i = 0; i < 4000; i++) {
    const { x, copy } = pass(m, request('GET', '/'));
    if (copy) {
      copied++;
      m.host.answer(copy);
    }
    x.end();
  }
  assert.ok(copied > 800 && copied < 1200, String(copied));
  const s = mirror({ percent: 50, session: { cookie: 'sid' } });
  let chosen = 0;
  for (let i = 0; i < 200; i++) {
    const outcomes = [0, 1, 2].map(() => {
      const { x, copy } = pass(s, request('GET', '/', { cookie: `a=b; sid=s${i}` }));
      if (copy) s.host.answer(copy);
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
  assert.equal(m.host.metric('umbra_mirror_dropped_in_flight'), 1);
  answer(first.x, response(200));
  first.x.end();
  assert.equal(pass(m, request('GET', '/')).copy, undefined, 'production is done, the callout is not');
  m.host.answer(first.copy!);
  assert.ok(pass(m, request('GET', '/')).copy);
});

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
        assert.equal(m.host.metric(`umbra_mirror_${name}`), expected[name] ?? 0, name);
      for (const name of ['compared', 'status_mismatch', 'digest_mismatch'])
        assert.equal(m.host.metric(`umbra_mirror_route.all.${name}`), expected[name] ?? 0, name);
      assert.equal(m.host.metric('umbra_mirror_in_flight'), 0);
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
  assert.equal(m.host.metric('umbra_mirror_compared'), 0);
  assert.equal(m.host.metric('umbra_mirror_uncompared'), 1);
  const y = new Exchange(m.host, m.root);
  y.requestHeaders(request('POST', '/', JSON_TYPE));
  y.requestBody('{"a"');
  y.end();
  assert.equal(m.host.metric('umbra_mirror_dropped_aborted'), 1);
  assert.equal(m.host.metric('umbra_mirror_in_flight'), 0);
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
  assert.equal(m.host.metric('umbra_mirror_noise_compared'), 1);
  assert.equal(m.host.metric('umbra_mirror_noise_status_mismatch'), 1);
  assert.equal(m.host.metric('umbra_mirror_route.r.noise_mismatch'), 1);
  assert.equal(m.host.metric('umbra_mirror_in_flight'), 0);
  pass(m, request('POST', '/', JSON_TYPE), '{}');
  assert.equal(m.host.httpCalls.length, 1);
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
  assert.equal(m.host.metric('umbra_mirror_dropped_unmapped'), 1);
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

test('a new configuration is a new root in the same module; the old one ends with its streams', () => {
  const m = mirror();
  const old = pass(m, request('GET', '/'));
  const next = mirror({ cluster: 'shadow-2' }, m.host);
  const newer = pass(next, request('GET', '/'));
  assert.equal(newer.copy?.cluster, 'shadow-2');
  answer(old.x, response(200));
  old.x.end();
  m.host.deleteContext(m.root);
  assert.equal(m.host.metric('umbra_mirror_dropped_reconfigured'), 1);
  assert.equal(m.host.metric('umbra_mirror_in_flight'), 1);
  answer(newer.x, response(200));
  m.host.answer(newer.copy!, response(200));
  newer.x.end();
  assert.equal(m.host.metric('umbra_mirror_in_flight'), 0);
  assert.equal(m.host.metric('umbra_mirror_compared'), 1);
});

test('a callout that the host refuses counts as failed and leaves nothing', () => {
  const host = new FilterHost('mirror', { refuseCalls: () => true });
  const m = mirror({}, host);
  const { x, copy } = pass(m, request('GET', '/'));
  assert.equal(copy, undefined);
  answer(x, response(200));
  x.end();
  assert.equal(host.metric('umbra_mirror_failed'), 1);
  assert.equal(host.metric('umbra_mirror_in_flight'), 0);
});

test("Envoy's own answer for a shadow that cannot be reached is no answer of the shadow", () => {
  const m = mirror();
  const { x, copy } = pass(m, request('GET', '/'));
  answer(x, response(200));
  m.host.answer(copy!, response(503, { 'content-type': 'text/plain' }), 'upstream connect error', [], true);
  x.end();
  assert.equal(m.host.metric('umbra_mirror_failed'), 1);
  assert.equal(m.host.metric('umbra_mirror_compared'), 0);
  assert.equal(m.host.metric('umbra_mirror_status_mismatch'), 0);
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
