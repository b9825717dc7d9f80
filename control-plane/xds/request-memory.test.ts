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
  const first = memory.decode(ack('n1', 'a', 'b'), 'sotw');
  assert.deepEqual([first.typeUrl, first.nonce, first.names], ['a/T', 'n1', ['a', 'b']]);
  assert.equal(memory.decode(ack('n1', 'a', 'b'), 'sotw'), first);
  assert.notEqual(memory.decode(ack('n2', 'a', 'b'), 'sotw'), first);
  assert.deepEqual(memory.decode(ack('n1', 'a', 'c'), 'sotw').names, ['a', 'c']);
});

test('the same bytes mean something else in the other protocol', () => {
  const memory = new RequestMemory();
  // A nonce there, an error here; these two bytes are a message as well.
  const responseNonce = '\n\0';
  const bytes = toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, { responseNonce }));
  assert.equal(memory.decode(bytes, 'delta').nonce, responseNonce);
  assert.equal(memory.decode(bytes, 'sotw').nonce, '');
});

test('what was read is not changed by what happens to its bytes', () => {
  const memory = new RequestMemory();
  const bytes = ack('n1', 'a');
  memory.decode(bytes, 'sotw');
  bytes.fill(0);
  bytes.set(ack('n9', 'b'));
  assert.equal(memory.decode(bytes, 'sotw').nonce, 'n9');
  assert.equal(memory.decode(ack('n1', 'a'), 'sotw').nonce, 'n1');
});

test('what is malformed is refused each time', () => {
  const memory = new RequestMemory();
  const broken = Uint8Array.of(0x0a, 9);
  assert.throws(() => memory.decode(broken, 'sotw'));
  assert.throws(() => memory.decode(broken, 'sotw'));
});

test('a stream of different requests does not make it grow', () => {
  const memory = new RequestMemory();
  const early = memory.decode(ack('n0'), 'sotw');
  for (let i = 1; i <= 16; i++) memory.decode(ack(`n${i}`), 'sotw');
  assert.notEqual(memory.decode(ack('n0'), 'sotw'), early);
});
