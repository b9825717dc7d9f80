import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AggregatedDiscoveryService } from '../envoy/protos/gen/envoy/service/discovery/v3/ads_pb.js';
import { discoveryMethods } from './discovery-services.ts';
import { typeUrls } from './type-urls.ts';

test('the aggregated service has the methods Envoy’s own description names', () => {
  const described = AggregatedDiscoveryService.methods.map((m) => `/${AggregatedDiscoveryService.typeName}/${m.name}`);
  const served = discoveryMethods.filter((m) => m.fixedType === undefined).map((m) => m.path);
  assert.deepEqual(served.sort(), described.sort());
});

test('every type has a service of its own, in both protocols but for virtual hosts', () => {
  for (const [name, typeUrl] of Object.entries(typeUrls)) {
    const protocols = discoveryMethods.filter((m) => m.fixedType === typeUrl).map((m) => m.protocol);
    assert.deepEqual(protocols, name === 'VHDS' ? ['delta'] : ['sotw', 'delta'], name);
  }
  assert.equal(new Set(discoveryMethods.map((m) => m.path)).size, discoveryMethods.length);
});
