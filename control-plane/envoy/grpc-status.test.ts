import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { below500Grpc, GRPC_CONTENT_TYPE, soundGrpc } from './grpc-status.ts';

const all = Object.values(status).filter((code) => typeof code === 'number');
const others = (codes: readonly number[]) => all.filter((code) => !codes.includes(code)).map((code) => status[code]);

test('a failure is what the callee could not do, not what the caller asked wrongly', () => {
  assert.deepEqual(others(soundGrpc), [
    'UNKNOWN',
    'DEADLINE_EXCEEDED',
    'RESOURCE_EXHAUSTED',
    'UNIMPLEMENTED',
    'INTERNAL',
    'UNAVAILABLE',
    'DATA_LOSS',
  ]);
});

test('to be refused for load is a failure, and no sign against the callee', () => {
  assert.deepEqual(
    below500Grpc.filter((code) => !soundGrpc.includes(code)),
    [status.RESOURCE_EXHAUSTED],
  );
});

for (const [type, grpc] of [
  ['application/grpc', true],
  ['application/grpc+proto', true],
  ['application/grpc-web', false],
  ['application/grpc-web+proto', false],
  ['application/json', false],
] as const)
  test(`${type} is ${grpc ? '' : 'not '}gRPC`, () =>
    assert.equal(new RegExp(`^(?:${GRPC_CONTENT_TYPE})$`).test(type), grpc));
