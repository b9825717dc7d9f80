import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClientTls, secretFiles, tlsSocket } from './client-tls.ts';

const tls: ClientTls = {
  certificate: '/keys/cert.pem',
  key: '/keys/key.pem',
  authorities: '/trust/ca.pem',
  serverName: 'mesh.example',
  secrets: '/sds',
};

test('each file is watched in its own folder, and found where the socket looks for it', () => {
  const files = secretFiles(tls);
  assert.deepEqual([...files.keys()], ['/sds/umbra-sds-identity.json', '/sds/umbra-sds-trust.json']);
  const text = JSON.stringify(tlsSocket(tls));
  for (const path of files.keys()) assert.ok(text.includes(`"path":"${path}"`), path);
  const [identity, trust] = [...files.values()].map((f) => JSON.stringify(f));
  assert.match(identity!, /"watchedDirectory":\{"path":"\/keys"\}/);
  assert.match(trust!, /"watchedDirectory":\{"path":"\/trust"\}/);
});

test('the server’s name is looked for as what it is, and said to the server where it is a DNS name', () => {
  for (const [serverName, sanType] of [
    ['mesh.example', 'DNS'],
    ['10.0.0.1', 'IP_ADDRESS'],
    ['fd00::1', 'IP_ADDRESS'],
    ['spiffe://mesh/umbra', 'URI'],
  ]) {
    const named = { ...tls, serverName: serverName! };
    assert.match(JSON.stringify([...secretFiles(named).values()]), new RegExp(`"sanType":"${sanType}"`));
    assert.equal(JSON.stringify(tlsSocket(named)).includes('"sni"'), sanType === 'DNS');
  }
});
