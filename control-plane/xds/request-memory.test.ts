import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  DeltaDiscoveryRequestSchema,
  DiscoveryRequestSchema,
} from '../envoy/protos/gen/envoy/service/discovery/v3/discovery_pb.js';
import { RequestMemory } from './request-memory.ts';

const ack = (responseNonce: string, ...resourceNames: string[]) =>
  toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, { typeUrl: 'a/T', responseNonce, resourceNames }));

test('equal acknowledgements are one request', () => {
  const memory = new RequestMemory();
  const { request, recognised } = memory.decode(ack('n1', 'a', 'b'), 'sotw');
  assert.deepEqual([request.typeUrl, request.nonce, request.names, recognised], ['a/T', 'n1', ['a', 'b'], false]);
  const again = memory.decode(ack('n1', 'a', 'b'), 'sotw');
  assert.equal(again.request, request);
  assert.equal(again.recognised, true);
  assert.equal(memory.decode(ack('n2', 'a', 'b'), 'sotw').recognised, false);
  assert.deepEqual(memory.decode(ack('n1', 'a', 'c'), 'sotw').request.names, ['a', 'c']);
});

test('the same bytes mean something else in the other protocol', () => {
  const memory = new RequestMemory();
  // A nonce there, an error here; these two bytes are a message as well.
  const responseNonce = '\n\0';
  const bytes = toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, { responseNonce }));
  assert.equal(memory.decode(bytes, 'delta').request.nonce, responseNonce);
  assert.equal(memory.decode(bytes, 'sotw').request.nonce, '');
});

test('what was read is not changed by what happens to its bytes', () => {
  const memory = new RequestMemory();
  const bytes = ack('n1', 'a');
  memory.decode(bytes, 'sotw');
  bytes.fill(0);
  bytes.set(ack('n9', 'b'));
  assert.equal(memory.decode(bytes, 'sotw').request.nonce, 'n9');
  assert.equal(memory.decode(ack('n1', 'a'), 'sotw').request.nonce, 'n1');
});

test('proxies that say who they are each time are recognised all the same', () => {
  const request = (id: string, nonce: string, more: object = {}) => {
    const message = { node: { id }, typeUrl: 'a/T', responseNonce: nonce, resourceNames: ['a'], ...more };
    return toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, message));
  };
  const delta = (id: string, responseNonce: string) =>
    toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, { node: { id }, responseNonce }));
  const memory = new RequestMemory();
  const first = memory.decode(request('cart-0', 'n1', { versionInfo: '7' }), 'sotw').request;
  assert.deepEqual([first.version, first.nonce, first.names, first.node], ['7', 'n1', ['a'], undefined]);
  assert.equal(memory.decode(request('another-1', 'n1', { versionInfo: '7' }), 'sotw').request, first);
  assert.equal(memory.decode(request('cart-0', 'n1', { versionInfo: '8' }), 'sotw').request.version, '8');
  assert.equal(memory.decode(request('cart-0', 'n2', { versionInfo: '7' }), 'sotw').request.nonce, 'n2');
  assert.equal(memory.decode(delta('cart-0', 'n1'), 'delta').recognised, false);
  assert.equal(memory.decode(delta('cart-1', 'n1'), 'delta').recognised, true);
  const nodeBytes = ['x', 'x'.repeat(50), ''].map((id) => memory.decode(delta(id, 'n1'), 'delta').nodeBytes);
  assert.deepEqual(nodeBytes, [5, 54, 2], 'its own');
});

test('what is malformed is refused each time', () => {
  const memory = new RequestMemory();
  const broken = Uint8Array.of(0x0a, 9);
  assert.throws(() => memory.decode(broken, 'sotw'));
  assert.throws(() => memory.decode(broken, 'sotw'));
});

test('a stream of different requests does not make it grow', () => {
  const memory = new RequestMemory();
  memory.decode(ack('n0'), 'sotw');
  for (let i = 1; i <= 16; i++) memory.decode(ack(`n${i}`), 'sotw');
  assert.equal(memory.decode(ack('n0'), 'sotw').recognised, false);
});
