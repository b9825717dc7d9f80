import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Documents } from '../api/kinds/parse.ts';
import { parseDocuments } from '../api/kinds/parse.ts';
import { comparedRoutes, mirrorRoutes } from './mirror-routes.ts';

const documents = (mirror: string, entry = ''): Documents =>
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
spec: { application: a, mirror: ${mirror} }
`,
    'f',
  );
const SAFE = ['GET', 'HEAD', 'OPTIONS'];

test('reads and writes of a route are two, as only reads are sent twice', () => {
  const d = documents(`{ routes: [
    { name: cart, pathPrefix: /cart },
    { name: orders, pathPrefix: /orders, methods: [GET, POST] },
    { name: pay, pathPrefix: /pay, methods: [POST] },
    { name: counter, pathPrefix: /hit, methods: [GET], twice: false } ] }`);
  assert.deepEqual(mirrorRoutes(d), [
    { name: 'cart', methods: SAFE, pathPrefix: '/cart' },
    { name: 'cart-writes', pathPrefix: '/cart' },
    { name: 'orders', methods: ['GET'], pathPrefix: '/orders' },
    { name: 'orders-writes', methods: ['POST'], pathPrefix: '/orders' },
    { name: 'pay', methods: ['POST'], pathPrefix: '/pay' },
    { name: 'counter', methods: ['GET'], pathPrefix: '/hit', twice: false },
    { name: 'other', methods: SAFE },
    { name: 'other-writes' },
  ]);
  assert.deepEqual(
    comparedRoutes(d).filter((r) => r.twice),
    ['cart', 'orders', 'other'].map((name) => ({ name, twice: true })),
  );
});

test('a route keeps its header, share and opaqueness in both parts; what is never copied has no name', () => {
  const d = documents(`{ routes: [
    { name: gold, header: { name: X-Tier, value: gold }, percent: 40 },
    { pathPrefix: /admin, percent: 0 },
    { pathPrefix: /shop.Orders/, methods: [POST], opaque: copy } ] }`);
  const gold = { header: { name: 'x-tier', value: 'gold' }, percent: 40 };
  assert.deepEqual(mirrorRoutes(d).slice(0, 4), [
    { name: 'gold', methods: SAFE, ...gold },
    { name: 'gold-writes', ...gold },
    { pathPrefix: '/admin', percent: 0 },
    { name: 'other-writes', methods: ['POST'], pathPrefix: '/shop.Orders/', opaque: true },
  ]);
  assert.deepEqual(comparedRoutes(d), [
    { name: 'gold', twice: true },
    { name: 'gold-writes', twice: false },
    { name: 'other-writes', twice: false },
    { name: 'other', twice: true },
  ]);
});

test('where none is declared, the protected prefixes are routes', () => {
  const d = documents('{}', ', protected: [{ pathPrefix: /api/v1/Orders/ }, { pathPrefix: / }]');
  assert.deepEqual(
    [...new Set(mirrorRoutes(d).map((r) => `${r.name} ${r.pathPrefix}`))],
    [
      'api-v1-orders /api/v1/Orders/',
      'api-v1-orders-writes /api/v1/Orders/',
      'protected /',
      'protected-writes /',
      'other undefined',
      'other-writes undefined',
    ],
  );
});

test('nothing is sent twice where the document says so, and a name of two routes counts as one', () => {
  assert.ok(comparedRoutes(documents('{ twicePercent: 0 }')).every((r) => !r.twice));
  const d = documents(
    '{ routes: [{ name: x, pathPrefix: /a, methods: [GET] }, { name: x, pathPrefix: /b, methods: [PUT] }] }',
  );
  assert.deepEqual(comparedRoutes(d)[0], { name: 'x', twice: false });
});
