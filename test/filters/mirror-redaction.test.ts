import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ends, exact, pages } from './credential-words.ts';
import { base, counted, mirror, pass } from './mirror-world.ts';
import { headerOf, JSON_TYPE, request, response } from './requests.ts';

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
  ['text/plain', ' \n[{"password":"x"}]', ' \n[{"password":"redacted"}]'],
  ['text/plain', '\u00ef\u00bb\u00bf{"password":"x"}', '\u00ef\u00bb\u00bf{"password":"redacted"}'],
  [
    'text/plain',
    '{"token":"x"}\n{"a":1}\r\nno JSON\n{"otp":"y"}',
    '{"token":"redacted"}\n{"a":1}\r\nno JSON\n{"otp":"redacted"}',
  ],
  ['text/plain', '20260115 4111 1111 1111 1111', /^(20260115 )?400000\d{10}$/],
  ['text/plain', 'on 20261219 4111 1111 1111 1111 and', /^on (20261219 )?400000\d{10} and$/],
  [
    'application/json',
    '{"4111111111111111":{"joe@example.com":1}}',
    /^\{"400000\d{10}":\{"umbra-[0-9a-f]{16}@example\.invalid":1\}\}$/,
  ],
  ['application/json', '{"4111\\u00201111 1111 1111":1}', /^\{"400000\d{10}":0\}$/],
  [
    'application/json',
    '{"user.password":"x","db_password":"y","aVeryLongNameThatSaysAllThereIsToSayOfWhatIsInItAndIsApassword":"z"}',
    '{"user.password":"redacted","db_password":"redacted","aVeryLongNameThatSaysAllThereIsToSayOfWhatIsInItAndIsApassword":"redacted"}',
  ],
  [
    'application/json',
    '{"token_type":"a","tokens_used":5,"max_tokens":9,"pageToken":"b","next_page_token":"c","inside":"d","author":"e"}',
    '{"token_type":"a","tokens_used":5,"max_tokens":9,"pageToken":"b","next_page_token":"c","inside":"d","author":"e"}',
  ],
  [
    'application/x-www-form-urlencoded',
    'user[password]=x&user%5Bpassword%5D=y&password[]=z&password[0]=w&a=b',
    'user[password]=redacted&user%5Bpassword%5D=redacted&password[]=redacted&password[0]=redacted&a=b',
  ],
  [
    'application/x-www-form-urlencoded',
    'user.password=x&+password=y&password_confirmation=z&current_password=w',
    'user.password=redacted&+password=redacted&password_confirmation=redacted&current_password=redacted',
  ],
  ['application/x-www-form-urlencoded', 'password=a;b&x=1;token=c&y', 'password=redacted&x=1;token=redacted&y'],
  [
    'application/x-www-form-urlencoded',
    'joe%40example.com=1&4111111111111111=2',
    /^umbra-[0-9a-f]{16}%40example\.invalid=1&400000\d{10}=2$/,
  ],
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
      m.host.answer(copy, response(200));
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
  [{}, '/a?x=1;token=abc', {}, '/a?x=1;token=redacted'],
  [{}, '/cart;jsessionid=SECRET/b;v=1', {}, '/cart;jsessionid=redacted/b;v=1'],
  [{}, '/login;password=x;y/z?a', {}, '/login;password=redacted/z?a'],
  [{}, '//a///b?', {}, '//a///b?'],
  [
    { referer: 'http://joe:hunter2@shop.example/cart;jsessionid=S?x=1;token=t' },
    '/',
    { referer: 'redacted@shop.example/cart;jsessionid=redacted?x=1;token=redacted' },
    '/',
  ],
  [{ referer: 'http://shop.example' }, '/', { referer: 'http://shop.example' }, '/'],
  [{ referer: 'about:blank' }, '/', { referer: 'about:blank' }, '/'],
  [{ 'x-original-uri': '/a?token=abc' }, '/', { 'x-original-uri': '/a?token=redacted' }, '/'],
  [{ 'x-forwarded-uri': '/a;token=abc' }, '/', { 'x-forwarded-uri': '/a;token=redacted' }, '/'],
  [
    { 'x-original-url': 'https://shop.example/a?token=abc' },
    '/',
    { 'x-original-url': 'https://shop.example/a?token=redacted' },
    '/',
  ],
  [{ 'x-original-url': '/a?token=abc' }, '/', { 'x-original-url': '/a?token=redacted' }, '/'],
  [
    { 'x-original-url': '/shop/cart;jsessionid=S?x=1' },
    '/',
    { 'x-original-url': '/shop/cart;jsessionid=redacted?x=1' },
    '/',
  ],
  [{ referer: '/a/b;token=x/c' }, '/', { referer: '/a/b;token=redacted/c' }, '/'],
  [
    { 'hx-current-url': 'https://shop.example/a?token=abc&x=http://b/c' },
    '/',
    { 'hx-current-url': 'https://shop.example/a?token=redacted&x=http://b/c' },
    '/',
  ],
  [{ link: '<https://shop.example/a>; rel="next"' }, '/', { link: '<https://shop.example/a>; rel="next"' }, '/'],
  [{ origin: 'https://shop.example' }, '/', { origin: 'https://shop.example' }, '/'],
  [
    { 'x-signed': 'v=1; Credential=AKIA, Signature=abc; x, user-agent: a' },
    '/',
    { 'x-signed': 'v=1; Credential=redacted, Signature=redacted, user-agent: a' },
    '/',
  ],
  [{ accept: 'text/html;q=0.9, */*;q=0.8' }, '/', { accept: 'text/html;q=0.9, */*;q=0.8' }, '/'],
  [{ date: 'Tue, 15 Nov 1994 08:12:31 GMT' }, '/', { date: 'Tue, 15 Nov 1994 08:12:31 GMT' }, '/'],
  [{ baggage: 'email=joe%40example.com' }, '/', { baggage: /^email=umbra-[0-9a-f]{16}%40example\.invalid$/ }, '/'],
  [
    { cookie: 'theme=%7B%22card%22%3A%224111111111111111%22%7D' },
    '/',
    { cookie: /^theme=%7B%22card%22%3A%22400000\d{10}%22%7D$/ },
    '/',
  ],
  [
    {},
    '/a?password1=b&new_password2=c&cvv2=1&oauth2=d',
    {},
    '/a?password1=redacted&new_password2=redacted&cvv2=redacted&oauth2=d',
  ],
  [{ 'x-auth-key': 'k' }, '/?secret_key=s', { 'x-auth-key': /^umbra-[0-9a-f]{32}$/ }, '/?secret_key=redacted'],
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

test('declared places in JSON are redacted with all that is in them', () => {
  const m = mirror({ redact: { jsonPaths: ['$.user.address', '$.items[*].note', '$.list'] } });
  const sent =
    '{"user":{"address":{"street":"a","no":[1,true]},"name":"b","note":"c"},"items":[{"note":"d","id":1},{"note":2}],"list":["e"],"note":"f"}';
  const seen =
    '{"user":{"address":{"street":"redacted","no":[0,null]},"name":"b","note":"c"},"items":[{"note":"redacted","id":1},{"note":0}],"list":["redacted"],"note":"f"}';
  const json = { 'content-type': 'application/json' };
  assert.equal(pass(m, request('POST', '/', json), sent).copy?.body, seen);
  const whole = mirror({ redact: { jsonPaths: ['$[*]'] } });
  assert.equal(
    pass(whole, request('POST', '/', json), '["a",["b"],{"c":"d"}]').copy?.body,
    '["redacted",["redacted"],{"c":"redacted"}]',
  );
});

for (const name of [
  'x-api-key',
  'api-key',
  'x-auth-token',
  'x-client-secret',
  'password',
  'x-amz-security-token',
  'x-session-id',
  'private-token',
  'x-vault-token',
  'x-forwarded-access-token',
  'x-forwarded-authorization',
]) {
  test(`a header named ${name} is a credential`, () => {
    const { copy } = pass(mirror(), request('GET', '/', { [name]: 'hunter2' }));
    assert.match(headerOf(copy?.headers, name) ?? '', /^umbra-[0-9a-f]{32}$/);
  });
}

for (const [name, value] of [
  ['x-api-key', 'sk_live_0123456789abcdefghij'],
  ['x-api-key', 'two words'],
  ['authorization', 'sk_live_0123456789abcdefghij'],
  ['authorization', 'hunter2 rest'],
  ['authorization', 'Bearer'],
  ['x-forwarded-authorization', 'Basic am9lOnNlY3JldA=='],
] as const) {
  test(`nothing of ${name}: ${value} stays`, () => {
    const { copy } = pass(mirror(), request('GET', '/', { [name]: value }));
    assert.match(headerOf(copy?.headers, name) ?? '', /^umbra-[0-9a-f]{32}$/);
  });
}

test('text in a charset that has no ASCII in it cannot be read', () => {
  const m = mirror();
  for (const type of [
    'text/plain; charset=utf-16',
    'text/plain;charset="UTF-16LE"',
    'application/json; charset=utf-32',
  ])
    assert.equal(pass(m, request('POST', '/', { 'content-type': type }), 'abc').copy, undefined);
  assert.equal(counted(m, 'skipped_unreadable'), 3);
});

test('a body is encoded if any of its headers says so', () => {
  const m = mirror();
  const head = request('POST', '/', { 'content-type': 'text/plain' });
  head.push(['content-encoding', 'gzip'], ['content-encoding', 'identity']);
  assert.equal(pass(m, head, 'abc').copy, undefined);
  assert.equal(counted(m, 'skipped_unreadable'), 1);
});

test('a body of nothing but separators is read in one pass', () => {
  const sent = ';'.repeat(1_000_000);
  const { copy } = pass(mirror(), request('POST', '/', { 'content-type': 'application/x-www-form-urlencoded' }), sent);
  assert.ok(copy?.body === sent);
});

test('trailers are redacted as headers are', () => {
  const { copy } = pass(mirror(), request('POST', '/', { 'content-type': 'text/plain' }), 'a', [
    ['x-note', 'card 4111 1111 1111 1111'],
    ['x-api-key', 'secret-3'],
  ]);
  const seen = Object.fromEntries(copy?.trailers ?? []);
  assert.match(seen['x-note'] ?? '', /^card 400000\d{10}$/);
  assert.match(seen['x-api-key'] ?? '', /^umbra-[0-9a-f]{32}$/);
});

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

test('every word that means a credential is known by itself and in its place', () => {
  const secret = [...exact, ...ends, ...ends.map((end) => `user_${end}`)];
  const plainly = [...pages, ...exact.map((word) => `user_${word}`)];
  const body = (values: (name: string) => string) =>
    JSON.stringify(Object.fromEntries([...secret, ...plainly].map((name) => [name, values(name)])));
  const { copy } = pass(
    mirror(),
    request('POST', '/', JSON_TYPE),
    body(() => 'plain'),
  );
  assert.equal(
    copy!.body,
    body((name) => (secret.includes(name) ? 'redacted' : 'plain')),
  );
});
