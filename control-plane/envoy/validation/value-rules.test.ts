import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { DurationSchema } from '@bufbuild/protobuf/wkt';
import { RoutingPrioritySchema } from '../protos/gen/envoy/config/core/v3/base_pb.js';
import {
  DurationRulesSchema,
  EnumRulesSchema,
  KnownRegex,
  StringRulesSchema,
  UInt32RulesSchema,
} from '../protos/gen/validate/validate_pb.js';
import { checkDuration, checkEnum, checkNumber, checkString } from './value-rules.ts';

const numbers: [rules: Parameters<typeof create<typeof UInt32RulesSchema>>[1], good: number[], bad: number[]][] = [
  [{ lte: 100 }, [0, 100], [101]],
  [{ gt: 0 }, [1], [0]],
  [{ gte: 2, lt: 5 }, [2, 4], [1, 5]],
  [{ gt: 10, lt: 3 }, [2, 11], [3, 7, 10]],
  [{ in: [1, 3] }, [1, 3], [2]],
  [{ notIn: [0] }, [1], [0]],
  [{ const: 4 }, [4], [5]],
  [{ gte: 5, ignoreEmpty: true }, [0, 5], [4]],
];
for (const [init, good, bad] of numbers)
  test(`number ${JSON.stringify(init)}`, () => {
    const rules = create(UInt32RulesSchema, init);
    for (const n of good) assert.equal(checkNumber(n, rules), undefined, String(n));
    for (const n of bad) assert.notEqual(checkNumber(n, rules), undefined, String(n));
  });

const strings: [rules: Parameters<typeof create<typeof StringRulesSchema>>[1], good: string[], bad: string[]][] = [
  [{ minLen: 1n }, ['a', '€'], ['']],
  [{ maxLen: 2n }, ['', '€€'], ['abc']],
  [{ maxBytes: 4n }, ['abcd'], ['€€']],
  [{ minBytes: 3n }, ['€'], ['ab']],
  [{ len: 2n }, ['ab', '€€'], ['a']],
  [{ prefix: '%', suffix: '%' }, ['%A%', '%'], ['A%', '%A']],
  [{ prefix: '%', ignoreEmpty: true }, ['', '%'], ['x']],
  [{ pattern: '^[a-z]+$' }, ['abc'], ['A', '']],
  [{ contains: 'b', notContains: 'c' }, ['ab'], ['a', 'abc']],
  [{ in: ['a', 'b'] }, ['a'], ['c']],
  [{ wellKnown: { case: 'wellKnownRegex', value: KnownRegex.HTTP_HEADER_NAME } }, [':path', 'x-a'], ['', 'a b', 'a\n']],
  [
    { wellKnown: { case: 'wellKnownRegex', value: KnownRegex.HTTP_HEADER_NAME }, strict: false },
    ['', 'a b'],
    ['a\n', 'a\0'],
  ],
  [{ wellKnown: { case: 'wellKnownRegex', value: KnownRegex.HTTP_HEADER_VALUE } }, ['', 'a b\tc'], ['a\r\n', '\x7f']],
  [{ wellKnown: { case: 'uri', value: true } }, ['http://x/y'], ['/y']],
];
for (const [init, good, bad] of strings)
  test(`string ${JSON.stringify(init, (_, v) => (typeof v === 'bigint' ? Number(v) : v))}`, () => {
    const rules = create(StringRulesSchema, init);
    for (const s of good) assert.equal(checkString(s, rules), undefined, s);
    for (const s of bad) assert.notEqual(checkString(s, rules), undefined, s);
  });

test('durations', () => {
  const of = (ms: number) =>
    create(DurationSchema, { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1e6 });
  const rules = create(DurationRulesSchema, { gte: of(20), lte: of(1000) });
  assert.equal(checkDuration(of(20), rules), undefined);
  assert.equal(checkDuration(of(19), rules), 'must be at least 0.02 s');
  assert.equal(checkDuration(of(1001), rules), 'must be at most 1 s');
  assert.equal(checkDuration(undefined, rules), undefined);
  assert.equal(checkDuration(undefined, create(DurationRulesSchema, { required: true })), 'is required');
});

test('a duration that Envoy cannot hold', () => {
  const of = (seconds: bigint, nanos: number) => checkDuration(create(DurationSchema, { seconds, nanos }));
  assert.equal(of(9_223_372_035n, 999_999_999), undefined);
  assert.equal(of(9_223_372_036n, 0), 'must be at most 9223372035 s');
  assert.equal(of(0n, 1_000_000_000), 'must have nanos below a whole second');
  for (const [seconds, nanos] of [
    [-1n, 0],
    [0n, -1],
    [-1n, 1],
    [1n, -1],
  ] as const)
    assert.equal(of(seconds, nanos), 'must not be negative');
});

test('enums', () => {
  const defined = create(EnumRulesSchema, { definedOnly: true });
  assert.equal(checkEnum(1, defined, RoutingPrioritySchema), undefined);
  assert.equal(checkEnum(9, defined, RoutingPrioritySchema), 'must be a defined value');
  assert.equal(checkEnum(1, create(EnumRulesSchema, { in: [0] }), RoutingPrioritySchema), 'must be one of DEFAULT');
});
