import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateMirror } from '../../../filters/config.ts';
import { parseDocuments } from '../../api/kinds/parse.ts';
import type { UmbraError } from '../../mesh/errors.ts';
import { mirrorConfig, pseudonymKey } from './mirror-config.ts';

const documents = (shadow: string, entry = '') =>
  parseDocuments(
    `apiVersion: umbra.dev/v1alpha1
kind: Application
metadata: { name: a }
spec:
  entry: { service: web${entry} }
  services: { web: { command: [x] } }
---
apiVersion: umbra.dev/v1alpha1
kind: Shadow
metadata: { name: s }
spec: { application: a${shadow} }
`,
    'f',
  );

test('documents become what the filter accepts', () => {
  const full = documents(
    ', mirror: { percent: 50, maxBody: 64KiB, maxInFlight: 8, redact: { headers: [X-A], query: [q], jsonFields: [name, $.user.note] }, ids: { jsonFields: [id, $.order.id], location: true, setCookie: true } }, identity: { header: X-User }',
    ', session: { cookie: sid }',
  );
  for (const [d, share] of [
    [full, 0.5],
    [documents(''), 1],
    [documents('', ', session: { header: X-Session }'), 2],
  ] as const) {
    const config = mirrorConfig({ documents: d, key: pseudonymKey('secret'), generation: 3, share })!;
    assert.deepEqual(validateMirror(config), []);
  }
  const config = mirrorConfig({ documents: full, key: pseudonymKey('x'), generation: 3, share: 0.5 })!;
  assert.equal(config.percent, 25);
  assert.equal(config.twicePercent, 5);
  assert.ok(
    config.routes!.every((r) => r.percent === undefined),
    'every route follows the common share',
  );
  assert.deepEqual(config.session, { cookie: 'sid' });
  assert.deepEqual(config.identity, { headers: ['authorization', 'x-user'] });
  assert.deepEqual(config.learn?.jsonPaths, ['$.id', '$.order.id']);
  assert.deepEqual(config.redact?.headers, ['x-a']);
  assert.deepEqual(config.redact?.jsonFields, ['name']);
  assert.deepEqual(config.redact?.jsonPaths, ['$.user.note']);
});

test('a copy waits longer than the shadow’s entry does', () => {
  const patience = (entry: string) =>
    mirrorConfig({ documents: documents('', entry), key: pseudonymKey('x'), generation: 1, share: 1 })!.timeoutMs;
  assert.equal(patience(''), 6000);
  assert.equal(patience(', timeout: 1.5ms'), 1002);
  assert.equal(patience(', timeout: 2h'), 600_000);
});

test('no shadow, no copies; a key that says nothing of its secret', () => {
  const { application } = documents('');
  assert.equal(mirrorConfig({ documents: { application }, key: '', generation: 1, share: 1 }), undefined);
  assert.match(pseudonymKey('secret'), /^[0-9a-f]{32}$/);
  assert.notEqual(pseudonymKey('secret'), pseudonymKey('secret2'));
});

test('routes are mirrored as they say, in production’s trouble in proportion', () => {
  const d = documents(
    ', mirror: { percent: 80, routes: [{ name: orders, pathPrefix: /shop.Orders/, methods: [POST], opaque: copy }, { name: gold, header: { name: X-Tier, value: gold }, percent: 40 }, { pathPrefix: /admin, percent: 0 }] }',
  );
  const config = mirrorConfig({ documents: d, key: pseudonymKey('x'), generation: 1, share: 0.5 })!;
  assert.equal(config.percent, 40);
  assert.deepEqual(
    config.routes!.map((r) => [r.name, r.percent]),
    [
      ['orders', undefined],
      ['gold', 20],
      ['gold-writes', 20],
      [undefined, 0],
      ['other', undefined],
      ['other-writes', undefined],
    ],
  );
  assert.deepEqual(validateMirror(config), []);
});

const n = (count: number, of: string) => `[${Array.from({ length: count }, (_, i) => of.replace('#', String(i)))}]`;
const long = (bytes: number) => 'x'.repeat(bytes);
/** At the edge of what the filter takes, and what is one step beyond; the field that is named then. */
const edges: [good: string, bad: string, field: RegExp][] = [
  ['maxBody: 8MiB', 'maxBody: 9MiB', /mirror\.maxBody/],
  ['maxInFlight: 4096', 'maxInFlight: 4097', /mirror\.maxInFlight/],
  [`routes: ${n(31, '{ pathPrefix: /#/ }')}`, `routes: ${n(32, '{ pathPrefix: /#/ }')}`, /mirror\.routes/],
  ['routes: [{ pathPrefix: / }]', 'routes: [{ pathPrefix: shop }]', /mirror\.routes\.0\.pathPrefix/],
  [`routes: [{ pathPrefix: /${long(1023)} }]`, `routes: [{ pathPrefix: /${long(1024)} }]`, /routes\.0\.pathPrefix/],
  [`routes: [{ methods: ${n(16, 'A')} }]`, `routes: [{ methods: ${n(17, 'A')} }]`, /routes\.0\.methods/],
  ['routes: [{ methods: [M-SEARCH] }]', 'routes: [{ methods: [post] }]', /routes\.0\.methods\.0/],
  [`routes: [{ name: ${long(50)} }]`, `routes: [{ name: ${long(51)} }]`, /routes\.0\.name/],
  ['routes: [{ name: a-b_c }]', 'routes: [{ name: a b }]', /routes\.0\.name/],
  [
    `routes: [{ header: { name: ${long(128)}, value: '${long(1024)}' } }]`,
    `routes: [{ header: { name: a, value: '${long(1025)}' } }]`,
    /routes\.0\.header\.value/,
  ],
  ["routes: [{ header: { name: a, value: '' } }]", "routes: [{ header: { value: '' } }]", /header lacks the field/],
  ['routes: [{ opaque: skip }]', 'routes: [{ opaque: true }]', /routes\.0\.opaque/],
  [`redact: { headers: ${n(64, 'a#')} }`, `redact: { headers: ${n(65, 'a#')} }`, /redact\.headers/],
  ['redact: { headers: [X_Y.Z] }', 'redact: { headers: ["x y"] }', /redact\.headers\.0/],
  [`redact: { query: [${'ß'.repeat(64)}] }`, `redact: { query: [${'ß'.repeat(65)}] }`, /redact\.query\.0/],
  [`redact: { keep: ${n(64, 'k#')} }`, `redact: { keep: ${n(65, 'k#')} }`, /redact\.keep/],
  [
    `redact: { jsonFields: [${n(64, 'k#').slice(1, -1)}, ${n(32, '$.k#').slice(1, -1)}] }`,
    `redact: { jsonFields: ${n(33, '$.k#')} }`,
    /redact\.jsonFields has 33 places/,
  ],
  [`redact: { jsonFields: ['$.${long(253)}'] }`, `redact: { jsonFields: ['$.${long(254)}'] }`, /jsonFields\.0/],
  ["redact: { jsonFields: ['$.a[*].b'] }", "redact: { jsonFields: ['$.a[0]'] }", /redact\.jsonFields\.0/],
  [
    `redact: { jsonFields: ['$${'.a'.repeat(16)}'] }`,
    `redact: { jsonFields: ['$${'.a'.repeat(17)}'] }`,
    /redact\.jsonFields\.0 .* 16 deep/,
  ],
  ["ids: { jsonFields: ['items[*].id'] }", "ids: { jsonFields: ['items[0].id'] }", /ids\.jsonFields\.0 must be like/],
  [
    `ids: { jsonFields: ['a${'.a'.repeat(15)}'] }`,
    `ids: { jsonFields: [id, 'a${'.a'.repeat(16)}'] }`,
    /ids\.jsonFields\.1 .* 16 deep/,
  ],
  [`ids: { jsonFields: ${n(32, 'k#')} }`, `ids: { jsonFields: ${n(33, 'k#')} }`, /ids\.jsonFields/],
];
for (const [good, bad, field] of edges) {
  test(`the filter takes ${good.slice(0, 60)}; one step beyond is refused with its line`, () => {
    const config = mirrorConfig({
      documents: documents(`, mirror: { ${good} }`),
      key: pseudonymKey('x'),
      generation: 1,
      share: 1,
    });
    assert.deepEqual(validateMirror(config), []);
    assert.throws(
      () => documents(`,\n mirror: {\n ${bad} }`),
      (e: UmbraError) => e.code === 'UMB0101' && e.message.includes(' f:13:') && field.test(e.message),
    );
  });
}

test('protected prefixes are routes as far as the filter takes them; beyond, the Shadow is to name its own', () => {
  const entry = (prefixes: string) => `, protected: ${prefixes}`;
  const longest = entry(`[{ pathPrefix: /${long(1023)} }]`);
  const tooLong = entry(`[{ pathPrefix: /${long(1024)} }]`);
  const most = entry(n(31, '{ pathPrefix: /# }'));
  const tooMany = entry(n(32, '{ pathPrefix: /# }'));
  const own = ', mirror: { routes: [{ pathPrefix: / }] }';
  for (const [shadow, protectedPrefixes] of [
    ['', longest],
    ['', most],
    [own, tooLong],
    [own, tooMany],
  ] as const) {
    const accepted = documents(shadow, protectedPrefixes);
    const config = mirrorConfig({ documents: accepted, key: pseudonymKey('x'), generation: 1, share: 1 });
    assert.deepEqual(validateMirror(config), []);
  }
  assert.throws(() => documents('', tooLong), /f:11:1: .*prefix \/x+… is too long.*: give spec\.mirror\.routes/);
  assert.throws(() => documents(', mirror: {}', tooMany), /f:11:\d+: 32 protected prefixes are too many/);
});
