import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { CDS, resource } from '../../test/xds/sample.ts';
import { NodeSchema } from '../envoy/protos/gen/envoy/config/core/v3/base_pb.js';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
  ResourceSchema,
} from '../envoy/protos/gen/envoy/service/discovery/v3/discovery_pb.js';
import { PREFIX_BYTES } from './http2-call.ts';
import type { Outgoing } from './subscription.ts';
import { TypeSet } from './type-set.ts';
import { decodeRequest, nodeSpan } from './wire-request.ts';
import { encodeAnswer } from './wire-response.ts';

const node = {
  id: 'cart-0',
  cluster: 'cart',
  metadata: { nested: { deep: [1, 'two', null] } },
  clientFeatures: ['one', 'xds.config.supports-resource-ttl'],
  userAgentName: 'envoy',
};
const nodeBytes = toBinary(NodeSchema, create(NodeSchema, node));

test('a state-of-the-world request is read as the generated messages write it', () => {
  const bytes = toBinary(
    DiscoveryRequestSchema,
    create(DiscoveryRequestSchema, {
      node,
      typeUrl: CDS,
      versionInfo: '7',
      responseNonce: 'n',
      resourceNames: ['a', 'ä'],
      resourceLocators: [{ name: 'located', dynamicParameters: { k: 'v' } }],
      errorDetail: { code: 13, message: 'no', details: [] },
    }),
  );
  assert.deepEqual(decodeRequest(bytes, 'sotw', true), {
    node: { id: 'cart-0', cluster: 'cart', clientFeatures: node.clientFeatures, bytes: nodeBytes },
    typeUrl: CDS,
    version: '7',
    nonce: 'n',
    error: 'no',
    names: ['a', 'ä', 'located'],
    unsubscribe: [],
    initialVersions: new Map(),
  });
  assert.equal(decodeRequest(bytes, 'sotw', false).node, undefined);
});

test('a delta request is read as the generated messages write it', () => {
  const bytes = toBinary(
    DeltaDiscoveryRequestSchema,
    create(DeltaDiscoveryRequestSchema, {
      node,
      typeUrl: CDS,
      resourceNamesSubscribe: ['a'],
      resourceNamesUnsubscribe: ['b', 'c'],
      resourceLocatorsSubscribe: [{ name: 'd' }],
      resourceLocatorsUnsubscribe: [{ name: 'e' }],
      initialResourceVersions: { a: '1', z: '' },
      responseNonce: 'n',
      errorDetail: { code: 3 },
    }),
  );
  assert.deepEqual(decodeRequest(bytes, 'delta', true), {
    node: { id: 'cart-0', cluster: 'cart', clientFeatures: node.clientFeatures, bytes: nodeBytes },
    typeUrl: CDS,
    version: '',
    nonce: 'n',
    // Present without a message is a refusal all the same.
    error: '',
    names: ['a', 'd'],
    unsubscribe: ['b', 'c', 'e'],
    initialVersions: new Map([
      ['a', '1'],
      ['z', ''],
    ]),
  });
});

test('malformed requests throw', async (t) => {
  const good = toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, { node, typeUrl: CDS }));
  const bad: Record<string, Uint8Array> = {
    'cut short': good.subarray(0, good.length - 3),
    'a length beyond the end': Uint8Array.from([0x22, 0x7f, 0x41]),
    'an embedded message beyond the end': Uint8Array.from([0x12, 0x7f, 0x0a, 0x01, 0x41]),
    'field number 0': Uint8Array.from([0x02, 0x00]),
    'an endless varint': Uint8Array.from(Array(12).fill(0xff)),
  };
  for (const [name, bytes] of Object.entries(bad))
    await t.test(name, () => assert.throws(() => decodeRequest(bytes, 'sotw', true)));
});

const a = resource(CDS, 'a');
const timed = resource(CDS, 't', '1', { ttlMs: 2500 });
const set = new TypeSet(CDS, [a, timed]);
const answer = (more: Partial<Outgoing>): Outgoing => ({
  protocol: 'sotw',
  typeUrl: CDS,
  version: 'v1',
  nonce: 'n1',
  resources: [a, timed],
  removed: [],
  ttl: false,
  whole: false,
  heartbeat: false,
  revision: 1,
  at: 0,
  set,
  key: undefined,
  ...more,
});

/** The message of an answer's frame. */
function encoded(outgoing: Outgoing): Buffer {
  const frame = encodeAnswer(outgoing, 'umbra');
  assert.deepEqual([frame[0], frame.readUInt32BE(1)], [0, frame.length - PREFIX_BYTES]);
  return frame.subarray(PREFIX_BYTES);
}

test('a state-of-the-world answer reads as the generated messages read it', () => {
  const read = fromBinary(DiscoveryResponseSchema, encoded(answer({})));
  assert.equal(read.versionInfo, 'v1');
  assert.equal(read.nonce, 'n1');
  assert.equal(read.typeUrl, CDS);
  assert.equal(read.controlPlane?.identifier, 'umbra');
  assert.deepEqual(
    read.resources.map((r) => [r.typeUrl, Buffer.from(r.value).toString()]),
    [
      [CDS, 'a=1'],
      [CDS, 't=1'],
    ],
  );
});

test('a delta answer carries names, versions and removals', () => {
  const read = fromBinary(DeltaDiscoveryResponseSchema, encoded(answer({ protocol: 'delta', removed: ['x', 'y'] })));
  assert.equal(read.systemVersionInfo, 'v1');
  assert.equal(read.nonce, 'n1');
  assert.equal(read.controlPlane?.identifier, 'umbra');
  assert.deepEqual(read.removedResources, ['x', 'y']);
  assert.deepEqual(
    read.resources.map((r) => [
      r.name,
      r.version,
      r.resource?.typeUrl,
      Buffer.from(r.resource!.value).toString(),
      r.ttl,
    ]),
    [
      ['a', a.version, CDS, 'a=1', undefined],
      ['t', timed.version, CDS, 't=1', undefined],
    ],
  );
});

test('times to live are written only for who understands them', () => {
  const sotw = fromBinary(DiscoveryResponseSchema, encoded(answer({ ttl: true })));
  assert.deepEqual(
    sotw.resources.map((r) => r.typeUrl),
    [CDS, 'type.googleapis.com/envoy.service.discovery.v3.Resource'],
  );
  const wrapped = fromBinary(ResourceSchema, sotw.resources[1]!.value);
  assert.equal(wrapped.version, 'v1');
  assert.equal(wrapped.name, 't');
  assert.deepEqual([wrapped.ttl?.seconds, wrapped.ttl?.nanos], [2n, 500_000_000]);
  const beat = answer({ protocol: 'delta', ttl: true, heartbeat: true, resources: [timed] });
  const delta = fromBinary(DeltaDiscoveryResponseSchema, encoded(beat));
  assert.equal(delta.resources[0]!.resource, undefined);
  assert.equal(delta.resources[0]!.version, timed.version);
  assert.deepEqual([delta.resources[0]!.ttl?.seconds, delta.resources[0]!.ttl?.nanos], [2n, 500_000_000]);
});

test('equal answers are one buffer, different ones are not', () => {
  const first = encodeAnswer(answer({ key: 'whole' }), 'umbra');
  assert.equal(encodeAnswer(answer({ key: 'whole' }), 'umbra'), first);
  for (const other of [{ nonce: 'n2' }, { version: 'v2' }, { ttl: true }, { protocol: 'delta' as const }, { key: 'x' }])
    assert.notEqual(encodeAnswer(answer({ key: 'whole', ...other }), 'umbra'), first);
});

test('what a client waits for and does not exist is a resource without a body that has its alias, beside removals', () => {
  const outgoing = answer({ protocol: 'delta', resources: [], removed: ['x', 'y'], missing: new Set(['x']) });
  const read = fromBinary(DeltaDiscoveryResponseSchema, encoded(outgoing));
  assert.deepEqual(
    read.resources.map((r) => [r.name, r.aliases, r.resource]),
    [['x', ['x'], undefined]],
  );
  assert.deepEqual(read.removedResources, ['y']);
});

test('where the node lies is found, and nothing is thrown where there is none', () => {
  const request = { node, typeUrl: CDS, resourceNames: ['a'] };
  const sotw = (more: object) =>
    toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, { ...request, ...more }));
  const bytes = sotw({ versionInfo: '7' });
  const [from, to] = nodeSpan(bytes, 'sotw');
  const rest = Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  assert.deepEqual(rest, Buffer.from(sotw({ versionInfo: '7', node: undefined })));
  assert.deepEqual(nodeSpan(rest, 'sotw'), [0, 0]);
  fc.assert(
    fc.property(fc.uint8Array(), fc.constantFrom('sotw' as const, 'delta' as const), (any, protocol) => {
      const [from, to] = nodeSpan(any, protocol);
      assert.ok(0 <= from && from <= to && to <= any.length);
    }),
  );
});
