import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { NodeSchema } from '../../envoy/protos/gen/envoy/config/core/v3/base_pb.js';
import { NodeMatcherSchema } from '../../envoy/protos/gen/envoy/type/matcher/v3/node_pb.js';
import { matches, UnsupportedMatcher } from './node-matcher.ts';

const node = create(NodeSchema, {
  id: 'production/cart/0',
  metadata: { zone: 'a', weight: 3, canary: true, nothing: null, tags: ['x', 'y'], nested: { deep: 'z' } },
});
const fits = (...matchers: JsonValue[]) =>
  matches(
    node,
    matchers.map((m) => fromJson(NodeMatcherSchema, m)),
  );
const at = (path: string, value: JsonValue) => ({
  nodeMetadatas: [{ path: path.split('.').map((key) => ({ key })), value }],
});

const cases: [what: string, matcher: JsonValue, fits: boolean][] = [
  ['empty', {}, true],
  ['exact id', { nodeId: { exact: 'production/cart/0' } }, true],
  ['other id', { nodeId: { exact: 'production/cart' } }, false],
  ['prefix', { nodeId: { prefix: 'production/' } }, true],
  ['suffix', { nodeId: { suffix: '/0' } }, true],
  ['contains', { nodeId: { contains: 'cart' } }, true],
  ['without regard to case', { nodeId: { exact: 'PRODUCTION/cart/0', ignoreCase: true } }, true],
  ['with regard to case', { nodeId: { exact: 'PRODUCTION/cart/0' } }, false],
  ['string', at('zone', { stringMatch: { exact: 'a' } }), true],
  ['string of a number', at('weight', { stringMatch: { exact: '3' } }), false],
  ['number', at('weight', { doubleMatch: { exact: 3 } }), true],
  ['range', at('weight', { doubleMatch: { range: { start: 1, end: 3 } } }), false],
  ['bool', at('canary', { boolMatch: true }), true],
  ['null', at('nothing', { nullMatch: {} }), true],
  ['null of what is missing', at('other', { nullMatch: {} }), false],
  ['present', at('zone', { presentMatch: true }), true],
  ['not present', at('other', { presentMatch: false }), true],
  ['in a list', at('tags', { listMatch: { oneOf: { stringMatch: { exact: 'y' } } } }), true],
  ['not in a list', at('tags', { listMatch: { oneOf: { stringMatch: { exact: 'q' } } } }), false],
  ['either', at('zone', { orMatch: { valueMatchers: [{ boolMatch: true }, { stringMatch: { exact: 'a' } }] } }), true],
  ['nested', at('nested.deep', { stringMatch: { exact: 'z' } }), true],
  ['below a leaf', at('zone.deep', { stringMatch: { exact: 'z' } }), false],
  ['not an own property', at('constructor', { presentMatch: true }), false],
  ['both parts', { nodeId: { prefix: 'production/' }, ...at('zone', { stringMatch: { exact: 'b' } }) }, false],
];
for (const [what, matcher, expected] of cases)
  test(`a node matcher: ${what}`, () => assert.equal(fits(matcher), expected));

test('any of several matchers is enough, none is all', () => {
  assert.ok(fits({ nodeId: { exact: 'other' } }, { nodeId: { prefix: 'production' } }));
  assert.ok(fits());
});

test('a regular expression from outside is not evaluated, also not behind one that fits', () => {
  const regex = { nodeId: { safeRegex: { regex: '(a+)+$' } } };
  assert.throws(() => fits(regex), UnsupportedMatcher);
  assert.throws(() => fits({}, regex), UnsupportedMatcher);
});
