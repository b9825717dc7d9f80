import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseDocuments } from '../../../api/kinds/parse.ts';
import { wallClock } from '../../../mesh/clock.ts';
import { PortAllocator } from './ports.ts';
import { ShadowExternals } from './shadow-externals.ts';
import { FakeMachine } from './testing/fake-machine.ts';

const documents = parseDocuments(
  `apiVersion: umbra.dev/v1alpha1
kind: Application
metadata: { name: shop }
spec:
  entry: { service: web }
  services: { web: { command: [web] } }
  externals: { bank: { url: 'http://127.0.0.1:9' } }
---
apiVersion: umbra.dev/v1alpha1
kind: Shadow
metadata: { name: s }
spec: { application: shop, externals: { bank: { mode: sandbox, url: 'http://127.0.0.1:10' } } }
`,
  'app.yaml',
);

test('a sandbox is reached over a relay; one without a url is denied, whoever let its document pass', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-externals-'));
  mkdirSync(join(folder, 'x'));
  t.after(() => rmSync(folder, { recursive: true }));
  const relay = join(folder, 'x', 'bank.sock');
  const started = async (given: typeof documents) => {
    const externals = new ShadowExternals({
      documents: given,
      folder,
      launcher: new FakeMachine(),
      clock: wallClock,
      env: {},
      ports: new PortAllocator(wallClock.now()),
    });
    await externals.plan();
    await externals.start();
    const [endpoint] = externals.endpoints().bank!;
    const seen = { address: endpoint!.address, relayed: existsSync(relay), denied: externals.deniedPorts() };
    await externals.stop();
    return seen;
  };
  assert.deepEqual(await started(documents), { address: { pipe: relay }, relayed: true, denied: [] });
  const nowhere = structuredClone(documents);
  delete nowhere.shadow!.spec.externals!.bank!.url;
  const { address, relayed, denied } = await started(nowhere);
  assert.deepEqual(address, { host: '127.0.0.1', port: denied[0] });
  assert.equal(relayed, false);
});
