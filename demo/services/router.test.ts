import assert from 'node:assert/strict';
import { test } from 'node:test';
import { router } from './router.ts';

const route = router({
  'GET /things': () => ({ status: 200 }),
  'POST /things': () => ({ status: 201 }),
  'GET /things/:id': () => ({ status: 202 }),
});

const cases: [method: string, path: string, expect: Record<string, string> | 'method' | undefined][] = [
  ['GET', '/things', {}],
  ['POST', '/things', {}],
  ['GET', '/things/7', { id: '7' }],
  ['DELETE', '/things/7', 'method'],
  ['GET', '/things/', undefined],
  ['GET', '/things/7/8', undefined],
  ['GET', '/', undefined],
  ['GET', '/others', undefined],
];
for (const [method, path, expect] of cases) {
  test(`${method} ${path}`, () => {
    const match = route(method, path);
    assert.deepEqual(typeof match === 'object' ? match.params : match, expect);
  });
}
