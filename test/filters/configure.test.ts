/** The module and its validator in TypeScript must accept and refuse the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FilterRole, validateChaos, validateMirror } from '../../filters/config.ts';
import { FilterHost } from './harness.ts';

const key = '00112233445566778899aabbccddeeff';
const mirror = { generation: 1, cluster: 'shadow', percent: 100, pseudonymKey: key };
const chaos = (fault: object) => ({ generation: 1, faults: [{ id: 'a', expiresAtMs: 1, ...fault }] });

const cases: [FilterRole, object][] = [
  ['mirror', mirror],
  [
    'mirror',
    { ...mirror, session: { cookie: 'sid' }, routes: [{ methods: ['GET'], pathPrefix: '/a', percent: 5 }, {}] },
  ],
  [
    'mirror',
    {
      ...mirror,
      authority: 'shop.example',
      maxBodyBytes: 0,
      maxInFlight: 1,
      maxBytesHeld: 0,
      timeoutMs: 1,
      redact: {
        headers: ['x-a'],
        query: ['q'],
        jsonFields: ['f'],
        jsonPaths: ['$.user.address', '$[*].x'],
        keep: ['token'],
        cards: false,
        bearer: false,
        emails: true,
      },
      identity: { headers: ['x-user'], plainCookies: ['theme'] },
      learn: { jsonPaths: ['$.id', '$.items[*].id', '$[*]'], location: true, setCookie: ['sid'] },
      compare: { body: false },
      routes: [
        { name: 'orders', pathPrefix: '/orders', header: { name: 'x-a', value: '' }, opaque: true },
        { methods: ['GET', 'HEAD'], percent: 0, twice: false },
      ],
      twicePercent: 1,
      heartbeatMs: 10,
    },
  ],
  ['mirror', {}],
  ['mirror', { ...mirror, percent: -1 }],
  ['mirror', { ...mirror, percent: '5' }],
  ['mirror', { ...mirror, cluster: '' }],
  ['mirror', { ...mirror, pseudonymKey: key.slice(1) }],
  ['mirror', { ...mirror, pseudonymKey: `g${key.slice(1)}` }],
  ['mirror', { ...mirror, session: {} }],
  ['mirror', { ...mirror, session: { cookie: 'a', header: 'b' } }],
  ['mirror', { ...mirror, unknown: 1 }],
  ['mirror', { ...mirror, redact: { unknown: 1 } }],
  ['mirror', { ...mirror, redact: [] }],
  ['mirror', { ...mirror, learn: { jsonPaths: ['$'] } }],
  ['mirror', { ...mirror, redact: { jsonPaths: [`$${'.a'.repeat(16)}`] } }],
  ['mirror', { ...mirror, redact: { jsonPaths: [`$${'.a'.repeat(17)}`] } }],
  ['mirror', { ...mirror, learn: { jsonPaths: [`$${'[*]'.repeat(17)}`] } }],
  ['mirror', { ...mirror, learn: { jsonPaths: ['$..a'] } }],
  ['mirror', { ...mirror, learn: { jsonPaths: ['$[0]'] } }],
  ['mirror', { ...mirror, routes: [{ name: 'a/b', pathPrefix: '/' }] }],
  ['mirror', { ...mirror, routes: [3] }],
  ['mirror', { ...mirror, routes: [{ opaque: 1 }] }],
  ['mirror', { ...mirror, routes: [{ twice: 'no' }] }],
  ['mirror', { ...mirror, routes: [{ header: { value: 'x' } }] }],
  ['mirror', { ...mirror, routes: [{ header: { name: 'X-A' } }] }],
  ['mirror', { ...mirror, routes: [{ methods: ['get'] }] }],
  ['mirror', { ...mirror, routes: [{ pathPrefix: 'a' }] }],
  ['mirror', { ...mirror, routes: [{ percent: 101 }] }],
  ['mirror', { ...mirror, routes: Array(65).fill({}) }],
  ['mirror', { ...mirror, authority: 'a b' }],
  ['mirror', { ...mirror, redact: { jsonPaths: ['a'] } }],
  ['mirror', { ...mirror, heartbeatMs: 1 }],
  ['chaos', { generation: 1, faults: [], filter: 'in.8080' }],
  ['chaos', { generation: 1, faults: [], filter: '' }],
  ['chaos', { generation: 1, faults: [], filter: 'a b' }],
  ['chaos', { generation: 0, faults: [] }],
  ['chaos', { faults: [] }],
  ['chaos', { generation: 0 }],
  ['chaos', { generation: 0, faults: {} }],
  ['chaos', { generation: 0, faults: [3] }],
  ['chaos', chaos({})],
  ['chaos', chaos({ delay: { kind: 'table', table: [1, 2, 3] }, share: 0.5, seed: 9, maxActive: 3, maxDurationMs: 5 })],
  ['chaos', chaos({ delay: { kind: 'table', table: [1, -2] } })],
  ['chaos', chaos({ delay: { kind: 'normal', ms: 10, spread: 3 }, abort: { grpc: 14 } })],
  ['chaos', chaos({ delay: { ms: 10 } })],
  ['chaos', chaos({ abort: { grpc: 17 } })],
  ['chaos', chaos({ abort: { http: 500, grpc: 1 } })],
  ['chaos', chaos({ abort: { http: 500 }, exception: { template: 'spring', status: 500 } })],
  ['chaos', chaos({ exception: { template: 'express', status: 302 } })],
  ['chaos', chaos({ exception: { template: 'rails', status: 500 } })],
  [
    'chaos',
    chaos({ mutate: { on: 'response', ops: 3, kinds: ['null', 'swap'], raw: true }, stall: 'request', truncate: 0 }),
  ],
  ['chaos', chaos({ mutate: { on: 'response' } })],
  ['chaos', chaos({ mutate: { on: 'response', ops: 1, kinds: ['x'] } })],
  ['chaos', chaos({ stall: 'none' })],
  ['chaos', chaos({ id: 'white space' })],
  ['chaos', chaos({ match: { method: 'GET', pathPrefix: '/', caller: 'cart', header: { name: 'x-a' } } })],
  ['chaos', chaos({ match: { header: { value: 'x' } } })],
  ['chaos', chaos({ reset: 1 })],
  ['chaos', chaos({ reset: true, truncate: 1.5 })],
];

for (const [role, config] of cases) {
  const problems = role === 'mirror' ? validateMirror(config) : validateChaos(config);
  test(`${role} ${problems.length === 0 ? 'accepts' : 'refuses'} ${JSON.stringify(config)}`, () => {
    const host = new FilterHost(role);
    const accepted = host.configure(config) !== undefined;
    assert.equal(accepted, problems.length === 0, `${problems.join('; ')} / ${host.logs.join('; ')}`);
    assert.equal(host.logs.length, accepted ? 0 : 1);
  });
}

for (const text of ['', '{', '[]', 'nul', '{"generation":1}x', '{"generation":1,}', '\u0000', '"x"']) {
  test(`neither takes ${JSON.stringify(text)} for a configuration`, () => {
    for (const role of ['mirror', 'chaos'] as const) {
      const host = new FilterHost(role);
      assert.equal(host.configure(text), undefined);
      assert.match(host.logs[0] ?? '', /configuration refused/);
    }
  });
}

test('a refused configuration leaves the one before in force', () => {
  const host = new FilterHost('chaos');
  assert.ok(host.configure({ generation: 1, faults: [] }));
  assert.equal(host.configure({ generation: 2, faults: [{}] }), undefined);
  assert.equal(host.metric('umbra_chaos_configured'), 1);
});

test('ten thousand configurations take no more memory than the first hundred', () => {
  for (const [role, config] of [
    ['mirror', { ...mirror, routes: Array.from({ length: 64 }, (_, i) => ({ pathPrefix: `/a/${i}` })) }],
    ['chaos', { generation: 1, faults: Array.from({ length: 32 }, (_, i) => ({ id: `f${i}`, expiresAtMs: 1 })) }],
  ] as const) {
    const host = new FilterHost(role);
    let before = host.configure(config)!;
    let size = 0;
    for (let i = 0; i < 10_000; i++) {
      const id = host.configure(config)!;
      host.deleteContext(before);
      before = id;
      if (i === 100) size = host.size;
    }
    assert.equal(host.size, size, role);
  }
});
