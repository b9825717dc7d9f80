import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeUrls } from '../../../control-plane/xds/index.ts';
import { fixture, resource, texts } from '../fixture.ts';
import { scenario } from './proxy.ts';

scenario('runtime layers are independent of each other', async (p) => {
  p.has('RTDS tuning fault');
  p.asks('RTDS', 'tuning', 'fault');
  await p.hearsInTurn('RTDS fault=1 tuning=1');
  p.has('RTDS tuning=2 fault');
  await p.hearsInTurn('RTDS tuning=2');
  p.has('RTDS tuning=2 fault=2');
  await p.hearsInTurn('RTDS fault=2');
  await p.hearsNothing();
});

scenario('a refused layer keeps its last good values, the others go on', async (p) => {
  p.has('RTDS tuning fault');
  p.asks('RTDS', 'tuning', 'fault');
  await p.hearsInTurn('RTDS fault=1 tuning=1');
  p.has('RTDS tuning=2 fault=2');
  await p.hears('RTDS fault=2 tuning=2');
  p.refuses('RTDS', 'fault: bad value');
  await p.hearsInTurn('RTDS fault=1 tuning=2');
});

scenario('an extension is known by the name of its filter; two listeners may wait for one', async (p) => {
  p.has('ECDS mirror=1 chaos=1');
  p.asks('ECDS', 'mirror');
  await p.hearsInTurn('ECDS mirror=1');
  p.has('ECDS mirror=2 chaos=2');
  await p.hearsInTurn('ECDS mirror=2');
  p.asks('ECDS', ...(p.protocol === 'sotw' ? ['mirror', 'chaos'] : ['chaos']));
  await p.hearsInTurn('ECDS chaos=2');
});

scenario('an extension that does not come yet holds nothing up', async (p) => {
  const revision = p.has('LDS in');
  p.asks('LDS');
  await p.hearsInTurn('LDS in=1');
  p.asks('ECDS', 'mirror');
  if (p.protocol === 'delta') await p.hearsInTurn('ECDS -mirror');
  assert.equal((await p.settled(revision)).state, 'acked');
  p.has('LDS in', 'ECDS mirror');
  await p.hearsInTurn('ECDS mirror=1');
});

scenario('a certificate that is rotated comes alone', async (p) => {
  p.has('SDS cert root', 'CDS a');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1');
  p.asks('SDS', 'cert', 'root');
  await p.hearsInTurn('SDS cert=1 root=1');
  p.has('SDS cert=2 root', 'CDS a');
  await p.hearsInTurn('SDS cert=2');
  await p.hearsNothing();
});

scenario('a refused certificate leaves the old one, and clusters go on', async (p) => {
  p.has('SDS cert', 'CDS a');
  p.asks('SDS', 'cert');
  await p.hearsInTurn('SDS cert=1');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1');
  p.has('SDS cert=2', 'CDS a=2');
  await p.hears('SDS cert=2');
  await p.hears('CDS a=2');
  p.refuses('SDS', 'cert: key does not match');
  p.acks('CDS');
  await p.hearsInTurn('SDS cert=1');
});

scenario('scoped routes come before the routes they lead to, and behind the listener', async (p) => {
  p.has('LDS in', 'SRDS scope', 'RDS to');
  p.asks('LDS');
  await p.hearsInTurn('LDS in=1');
  p.asks('SRDS');
  await p.hearsInTurn('SRDS scope=1');
  p.asks('RDS', 'to');
  await p.hearsInTurn('RDS to=1');
  p.has('LDS in=2', 'SRDS scope=2', 'RDS to=2');
  await p.hears('LDS in=2');
  await p.hearsNothing();
  p.acks('LDS');
  await p.hears('SRDS scope=2');
  await p.hears('RDS to=2');
});

scenario(
  'virtual hosts are asked for one by one, as requests need them',
  async (p) => {
    p.has('VHDS to/a.example to/b.example');
    p.asks('VHDS', 'to/a.example');
    await p.hearsInTurn('VHDS to/a.example=1');
    p.asks('VHDS', 'to/c.example');
    // A host that does not exist is an empty resource: the request that waits for it is answered 404.
    await p.hearsInTurn('VHDS ~to/c.example');
    p.has('VHDS to/a.example to/b.example=2 to/c.example');
    await p.hearsInTurn('VHDS to/c.example=1');
    p.leaves('VHDS', 'to/a.example');
    await p.hearsNothing();
    p.has('VHDS to/a.example=2 to/b.example=2 to/c.example=2');
    await p.hearsInTurn('VHDS to/c.example=2');
  },
  { only: 'delta' },
);

const services: Readonly<Record<string, string>> = {
  EDS: 'endpoint.v3.EndpointDiscoveryService/*Endpoints',
  RDS: 'route.v3.RouteDiscoveryService/*Routes',
  SRDS: 'route.v3.ScopedRoutesDiscoveryService/*ScopedRoutes',
  VHDS: 'route.v3.VirtualHostDiscoveryService/*VirtualHosts',
  ECDS: 'extension.v3.ExtensionConfigDiscoveryService/*ExtensionConfigs',
  RTDS: 'runtime.v3.RuntimeDiscoveryService/*Runtime',
  SDS: 'secret.v3.SecretDiscoveryService/*Secrets',
};

for (const [type, path] of Object.entries(services))
  test(`${type} has a service of its own`, async (t) => {
    const f = await fixture(t);
    const typeUrl = typeUrls[type as keyof typeof typeUrls];
    f.server.set('cart', [resource(typeUrl, 'a'), resource(typeUrl, 'b')]);
    const node = { id: 'cart' };
    const delta = f.delta('production', `/envoy.service.${path.replace('*', 'Delta')}`);
    delta.send({ node, resourceNamesSubscribe: ['a'] });
    assert.deepEqual(texts((await delta.receive()).resources), ['a=1']);
    const sotw = f.sotw('production', `/envoy.service.${path.replace('*', 'Stream')}`);
    sotw.send({ node, resourceNames: ['a'] });
    if (type === 'VHDS') assert.match((await sotw.ended).details, /StreamVirtualHosts|not implement/i);
    else assert.deepEqual(texts((await sotw.receive()).resources), ['a=1']);
  });
