/** The mirror behind Envoy's matchers in a real Envoy: it copies what the module alone copies, request for request. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, suite, test } from 'node:test';
import { toJson } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { registry } from '../../control-plane/envoy/protos/registry.ts';
import { mirrorFilter } from '../../control-plane/envoy/sampled-filter.ts';
import { type MirrorConfig, wasmFilterConfig } from '../../filters/config.ts';
import { bootstrap, cluster, findEnvoy, listener, type RunningEnvoy, startEnvoy } from '../filters/envoy-process.ts';
import { told } from '../filters/envoy-world.ts';
import { modulePath } from '../filters/modules.ts';
import { type Service, serve } from '../filters/services.ts';

const configs: Record<string, Partial<MirrorConfig>> = {
  value: { routes: [{ header: { name: 'x-canary', value: 'yes' }, percent: 100 }] },
  presence: { routes: [{ header: { name: 'x-canary' }, percent: 100 }] },
  nothing: { routes: [{ pathPrefix: '/b', header: { name: 'x-canary', value: '' }, percent: 100 }] },
  method: { routes: [{ methods: ['OPTIONS', 'DELETE'], pathPrefix: '/a', percent: 100 }] },
  order: {
    routes: [
      { pathPrefix: '/a/health', percent: 0 },
      { pathPrefix: '/a', percent: 100 },
      { pathPrefix: '/b', methods: ['GET'], header: { name: 'x-canary', value: 'no' }, percent: 100 },
    ],
  },
  session: { session: { header: 'x-canary' }, routes: [{ methods: ['GET'], percent: 100 }] },
};
const values = [
  undefined,
  'yes',
  'no',
  '',
  'YES',
  'yes,no',
  'yesno',
  ['yes', 'no'],
  ['no', 'yes'],
  ['', 'yes'],
  '\xff\xfe',
];
const requests = ['GET', 'OPTIONS'].flatMap((method) =>
  ['/', '/a', '/a/health', '/b?c=/a'].flatMap((path) => values.map((value) => ({ method, path, value }))),
);

const bin = findEnvoy();

suite('behind matchers', { skip: bin ? false : 'no Envoy: set ENVOY_BIN or put envoy on PATH' }, () => {
  let envoy: RunningEnvoy;
  let production: Service;
  let shadow: Service;

  before(async () => {
    production = await serve((_, res) => void res.end());
    shadow = await serve((_, res) => void res.end());
    const path = modulePath('mirror');
    const listeners = Object.entries(configs).flatMap(([name, change]) => {
      const of = (authority: string): MirrorConfig => ({
        generation: 1,
        cluster: 'shadow',
        authority,
        percent: 0,
        pseudonymKey: '0'.repeat(32),
        heartbeatMs: 50,
        maxInFlight: 4096,
        ...change,
      });
      const alone = wasmFilterConfig('mirror', path, JSON.stringify(of(`alone-${name}`)));
      const gated = toJson(AnySchema, mirrorFilter(path, of(`gated-${name}`)), { registry: registry() });
      return [
        listener(`alone-${name}`, 'production', [{ name: 'umbra.mirror', typed_config: alone }]),
        listener(`gated-${name}`, 'production', [{ name: 'umbra.mirror', typed_config: gated }]),
      ];
    });
    const clusters = [cluster('production', production.port), cluster('shadow', shadow.port)];
    envoy = await startEnvoy(bin!, bootstrap(listeners, clusters));
  });
  after(async () => {
    await envoy?.stop();
    await Promise.all([production?.stop(), shadow?.stop()]);
  });

  const ask = (port: number, i: number) =>
    new Promise<number>((resolve, reject) => {
      const { method, path, value } = requests[i]!;
      const headers = { 'x-case': String(i), ...(value === undefined ? {} : { 'x-canary': value }) };
      const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (res) => {
        res.resume();
        res.on('end', () => resolve(res.statusCode!));
      });
      asked.on('error', reject);
      asked.end();
    });

  /** Which requests a listener copied, and how many of them the module saw. */
  async function copied(name: string): Promise<{ cases: number[]; seen: number }> {
    const before = await envoy.stats('umbra_mirror_');
    const had = shadow.received.length;
    for (let i = 0; i < requests.length; i++) assert.equal(await ask(envoy.ports[name]!, i), 200);
    await told(envoy);
    const now = await envoy.stats('umbra_mirror_');
    const grown = (counter: string) => now[`umbra_mirror_${counter}`]! - before[`umbra_mirror_${counter}`]!;
    assert.equal(grown('sent'), grown('sampled'));
    await shadow.arrived(had + grown('sent'));
    const copies = shadow.received.slice(had);
    assert.ok(copies.every((copy) => copy.headers.host === name));
    return { cases: copies.map((copy) => Number(copy.headers['x-case'])).sort((a, b) => a - b), seen: grown('seen') };
  }

  for (const name of Object.keys(configs))
    test(`by ${name}`, async () => {
      const alone = await copied(`alone-${name}`);
      const gated = await copied(`gated-${name}`);
      assert.ok(alone.cases.length > 0 && alone.cases.length < requests.length);
      assert.deepEqual(
        gated.cases.map((i) => requests[i]),
        alone.cases.map((i) => requests[i]),
      );
      assert.equal(alone.seen, requests.length);
      assert.ok(gated.seen < requests.length, 'what cannot be meant does not enter the module');
    });
});
