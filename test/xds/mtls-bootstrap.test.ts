/** The bootstrap that `umbra bootstrap --tls-…` prints, in a real Envoy. */
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { run } from '../../control-plane/cli/run.ts';
import { paint } from '../../control-plane/cli/text/words.ts';
import { ClusterSchema } from '../../control-plane/envoy/protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { wallClock } from '../../control-plane/mesh/clock.ts';
import type { Resource } from '../../control-plane/xds/index.ts';
import { Credentials } from '../../control-plane/xds/index.ts';
import { contentVersion } from '../../control-plane/xds/resource.ts';
import { findEnvoy, startEnvoy } from '../filters/envoy-process.ts';
import { Authority } from './authority.ts';
import { CDS, fixture } from './fixture.ts';

const binary = findEnvoy();
const skip = binary ? false : 'no Envoy';
const NODE = 'production/cart/0';

const clusters = (...names: string[]): Resource[] =>
  names.map((name) => {
    const body = toBinary(ClusterSchema, create(ClusterSchema, { name, connectTimeout: { seconds: 1n } }));
    return { typeUrl: CDS, name, version: contentVersion(body), body, scope: 'any' };
  });

/** A server that wants certificates, a folder with those of a proxy, and the bootstrap for it. */
async function joined(t: TestContext, authority: Authority, ...more: string[]) {
  const f = await fixture(t);
  const tls = new Credentials(await authority.server(), wallClock);
  const { address } = await f.server.listen({ address: '127.0.0.1:0', scope: 'production', tls, renewalMs: 0 });
  const folder = mkdtempSync(join(tmpdir(), 'umbra-keys-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const put = (name: string, content: Buffer) => {
    writeFileSync(join(folder, 'new'), content);
    renameSync(join(folder, 'new'), join(folder, name));
  };
  const identity = await authority.spiffe(`spiffe://mesh/${NODE}`);
  put('key.pem', identity.key);
  put('cert.pem', identity.certificate);
  put('ca.pem', authority.pem);
  let out = '';
  const terminal = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => assert.fail(text),
    paint: paint(false),
    now: () => wallClock.now(),
    stop: new AbortController().signal,
    env: {},
    user: 'carol',
  };
  const keys = ['cert', 'key', 'ca'].flatMap((name) => [`--tls-${name}`, join(folder, `${name}.pem`)]);
  const where = ['--service', 'cart', '--xds', address, '--admin', '127.0.0.1:0'];
  assert.equal(await run(['bootstrap', ...where, ...keys, ...more], terminal, '0'), 0);
  return { ...f, tls, put, bootstrap: JSON.parse(out) };
}

test('an Envoy joins by mutual TLS and takes its certificate, its key and its authorities anew', {
  skip,
}, async (t) => {
  const [old, young] = await Promise.all([Authority.create('old'), Authority.create('young')]);
  const f = await joined(t, old, '--tls-name', 'localhost');
  const settled = (...names: string[]) => f.server.settled(NODE, f.server.set(NODE, clusters(...names)).revision);
  const first = settled('a');
  const envoy = await startEnvoy(binary!, f.bootstrap);
  t.after(() => envoy.stop());
  assert.equal((await first).state, 'acked');

  f.put('ca.pem', young.pem);
  const identity = await young.spiffe(`spiffe://mesh/${NODE}`);
  f.put('key.pem', identity.key);
  f.put('cert.pem', identity.certificate);
  const again = f.next('connect');
  // From now on neither end believes the old authority: who is believed has read everything anew.
  f.tls.replace(await young.server());
  await again;
  assert.equal((await settled('a', 'b')).state, 'acked');
  assert.deepEqual(f.audit, []);
});

test('a server by another name is not believed, though by the same authority', { skip }, async (t) => {
  const f = await joined(t, await Authority.create(), '--tls-name', 'elsewhere');
  const turnedAway = f.next('turnedAway');
  let connected = 0;
  f.server.on('connect', () => connected++);
  const { dynamicResources, layeredRuntime } = f.bootstrap;
  for (const config of [dynamicResources.cdsConfig, dynamicResources.ldsConfig]) config.initialFetchTimeout = '0.1s';
  layeredRuntime.layers.splice(1);
  const envoy = await startEnvoy(binary!, f.bootstrap);
  t.after(() => envoy.stop());
  await turnedAway;
  assert.equal(connected, 0);
});
