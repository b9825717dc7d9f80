import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteSpec } from './mirror.ts';
import { unreachableRoutes } from './unreachable-routes.ts';

const rows: readonly [what: string, wide: RouteSpec, narrow: RouteSpec, reached: boolean][] = [
  ['a longer prefix', { pathPrefix: '/api' }, { pathPrefix: '/api/secret', percent: 0 }, false],
  ['a shorter prefix', { pathPrefix: '/api/secret', percent: 0 }, { pathPrefix: '/api' }, true],
  ['no prefix after one', { pathPrefix: '/api' }, {}, true],
  ['anything after everything', {}, { pathPrefix: '/' }, false],
  ['some methods after all', { pathPrefix: '/a' }, { pathPrefix: '/a', methods: ['POST'] }, false],
  ['some methods of those', { methods: ['GET', 'POST'] }, { methods: ['POST'] }, false],
  ['another method', { methods: ['GET'] }, { methods: ['GET', 'POST'] }, true],
  ['all methods after some', { methods: ['GET'] }, {}, true],
  ['a header after none', { pathPrefix: '/a' }, { pathPrefix: '/a', header: { name: 'x-plan' } }, false],
  ['no header after one', { header: { name: 'x-plan' } }, {}, true],
  ['a value of any', { header: { name: 'X-Plan' } }, { header: { name: 'x-plan', value: 'free' } }, false],
  ['any after a value', { header: { name: 'x-plan', value: 'free' } }, { header: { name: 'x-plan' } }, true],
  ['another value', { header: { name: 'x-plan', value: 'a' } }, { header: { name: 'x-plan', value: 'b' } }, true],
  ['another header', { header: { name: 'x-plan' } }, { header: { name: 'x-tier' } }, true],
];

for (const [what, wide, narrow, reached] of rows)
  test(`of two routes the second is ${reached ? '' : 'not '}reached: ${what}`, () => {
    assert.deepEqual(unreachableRoutes([wide, narrow]), reached ? [] : [{ route: 1, by: 0 }]);
  });

test('each route is told with the first that takes its requests', () => {
  const routes = [{ pathPrefix: '/b' }, { pathPrefix: '/a' }, { pathPrefix: '/a/1' }, { pathPrefix: '/b/1' }];
  assert.deepEqual(unreachableRoutes(routes), [
    { route: 2, by: 1 },
    { route: 3, by: 0 },
  ]);
});
