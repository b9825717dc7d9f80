import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
} from '../../../control-plane/envoy/protos/gen/envoy/service/discovery/v3/discovery_pb.js';
import type { Answer } from './message.ts';
import { MessageReader } from './message.ts';

const framed = (message: Uint8Array) => {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
};

const delta = framed(
  toBinary(
    DeltaDiscoveryResponseSchema,
    create(DeltaDiscoveryResponseSchema, {
      typeUrl: 'type.example/T',
      nonce: 'n7',
      systemVersionInfo: 'v1',
      resources: [
        { name: 'a', version: '1', resource: { typeUrl: 'x', value: new Uint8Array(300) } },
        { name: 'b' },
        {},
      ],
      removedResources: ['gone'],
      controlPlane: { identifier: 'somebody' },
    }),
  ),
);
const sotw = framed(
  toBinary(
    DiscoveryResponseSchema,
    create(DiscoveryResponseSchema, {
      typeUrl: 'type.example/T',
      nonce: '',
      versionInfo: 'v2',
      canary: true,
      resources: [{ typeUrl: 'x', value: new Uint8Array(70_000) }],
      controlPlane: { identifier: 'somebody' },
    }),
  ),
);

test('answers are read however their bytes are cut', () => {
  for (const [isDelta, bytes, expected] of [
    [true, delta, { typeUrl: 'type.example/T', nonce: 'n7', version: 'v1', resources: 3, removed: 1 }],
    [false, sotw, { typeUrl: 'type.example/T', nonce: '', version: 'v2', resources: 1, removed: 0 }],
  ] as const) {
    const twice = Buffer.concat([bytes, bytes]);
    for (const size of [1, 2, 3, 7, 100, 1000, twice.length]) {
      const seen: Answer[] = [];
      const reader = new MessageReader(isDelta, (answer) => seen.push(answer));
      for (let at = 0; at < twice.length; at += size) reader.read(twice, at, Math.min(twice.length, at + size));
      assert.deepEqual(seen, [expected, expected], `pieces of ${size}`);
    }
  }
});

test('what is no answer is refused', () => {
  const read = (bytes: number[]) => () => new MessageReader(true, () => {}).read(Buffer.from(bytes), 0, bytes.length);
  assert.throws(read([1, 0, 0, 0, 0]), /compressed/);
  assert.throws(read([0, 0, 0, 0, 2, 0x0d, 0]), /wire type 5/);
  assert.throws(read([0, 0, 0, 0, 2, 0x12, 9]), /middle of a field/);
});
