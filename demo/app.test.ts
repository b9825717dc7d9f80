import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseDocuments } from '../control-plane/api/kinds/parse.ts';
import { topologyOf } from '../control-plane/api/kinds/topology.ts';
import { APPLICATION } from './home.ts';
import { PROVIDER_PORT } from './provider.ts';
import { services } from './services/index.ts';
import { peersFrom } from './services/run.ts';

const { application, shadow } = parseDocuments(
  readFileSync(new URL('app.yaml', import.meta.url), 'utf8'),
  'demo/app.yaml',
);

test('the document names the services there are, and gives each the peers it declares', () => {
  assert.equal(application.metadata.name, APPLICATION);
  assert.deepEqual(Object.keys(application.spec.services).sort(), Object.keys(services).sort());
  for (const [name, spec] of Object.entries(application.spec.services)) {
    assert.deepEqual(spec.command.slice(-2), ['replica.js', name]);
    assert.deepEqual(Object.keys(peersFrom(spec.env ?? {})).sort(), Object.keys(spec.calls ?? {}).sort(), name);
  }
});

test('the graph is deep enough, and what matters has replicas or something to fail over to', () => {
  const topology = topologyOf(application);
  assert.equal(topology.entry, 'ingress>storefront');
  for (const edge of ['storefront>catalog', 'storefront>checkout', 'checkout>payments', 'payments>payment-provider'])
    assert.ok(topology.edges[edge as `${string}>${string}`], edge);
  assert.equal(topology.services.payments?.failover, 'payments-standby');
  assert.equal(topology.services.catalog?.failover, 'catalog-standby');
  assert.equal(topology.services['payment-provider']?.external, true);
  assert.equal(application.spec.externals?.['payment-provider']?.url, `http://127.0.0.1:${PROVIDER_PORT}`);
  assert.equal(shadow?.spec.externals?.['payment-provider']?.mode, 'mock');
});
