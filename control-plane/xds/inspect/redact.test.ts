import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type DescMessage, fromBinary, fromJson, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf';
import { ClusterSchema } from '../../envoy/protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { SecretSchema } from '../../envoy/protos/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { registry } from '../../envoy/protos/registry.ts';
import { redact } from './redact.ts';

const typeUrl = (schema: DescMessage) => `type.googleapis.com/${schema.typeName}`;
const redacted = (schema: DescMessage, json: JsonValue) => {
  const body = toBinary(schema, fromJson(schema, json, { registry: registry() }));
  return toJson(schema, fromBinary(schema, redact(typeUrl(schema), body)!), { registry: registry() });
};

test('private keys and passwords are not shown, certificates are', () => {
  const certificate = {
    certificateChain: { inlineString: 'CERT' },
    privateKey: { inlineString: 'KEY' },
    password: { inlineString: 'PASS' },
  };
  assert.deepEqual(redacted(SecretSchema, { name: 'own', tlsCertificate: certificate }), {
    name: 'own',
    tlsCertificate: {
      certificateChain: { inlineString: 'CERT' },
      privateKey: { inlineString: '[redacted]' },
      password: { inlineString: '[redacted]' },
    },
  });
  assert.deepEqual(
    redacted(SecretSchema, { name: 'tickets', sessionTicketKeys: { keys: [{ inlineBytes: 'c2VjcmV0' }] } }),
    {
      name: 'tickets',
      sessionTicketKeys: { keys: [{ inlineBytes: Buffer.from('[redacted]').toString('base64') }] },
    },
  );
});

test('neither behind an Any', () => {
  const tls = (key: string) => ({
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    commonTlsContext: { tlsCertificates: [{ privateKey: { inlineString: key } }] },
  });
  const cluster = (key: string) => ({ name: 'a', transportSocket: { name: 'tls', typedConfig: tls(key) } });
  assert.deepEqual(redacted(ClusterSchema, cluster('KEY')), cluster('[redacted]'));
});

test('what hides nothing, and what is unknown, stays the same bytes', () => {
  const body = toBinary(ClusterSchema, create(ClusterSchema, { name: 'a' }));
  assert.equal(redact(typeUrl(ClusterSchema), body), body);
  assert.equal(redact('type.googleapis.com/some.Other', body), body);
});

test('a secret that cannot be read is not shown at all', () => {
  assert.equal(redact(typeUrl(SecretSchema), Uint8Array.of(0x0a, 0xff)), undefined);
});
