import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Documents, parseDocuments } from '../../api/kinds/parse.ts';
import { topologyOf } from '../../api/kinds/topology.ts';
import { MIRROR_FILTER } from '../../envoy/names.ts';
import type { Clock } from '../../mesh/clock.ts';
import { createCollector } from '../../telemetry/collector.ts';
import type { ManagementServer, Resource } from '../../xds/index.ts';
import type { SupervisorClient } from './client.ts';
import { createLocalWorlds } from './local-world.ts';
import type { Description } from './protocol.ts';
import { neverBroken } from './supervisor/world-runtime.ts';

const parsed = parseDocuments(
  `apiVersion: umbra.dev/v1alpha1
kind: Application
metadata: { name: shop }
spec:
  entry: { service: web }
  services: { web: { command: [x] } }
---
apiVersion: umbra.dev/v1alpha1
kind: Shadow
metadata: { name: s }
spec: { application: shop, mirror: {} }
`,
  'app.yaml',
);

const describe = (documents: Documents): Description => ({
  runId: 'r',
  pid: 1,
  startedAt: 0,
  restarted: false,
  file: 'app.yaml',
  documents,
  paths: { run: '/r', store: '/r/store', token: '/r/token', samples: '/r/samples', mocks: '/r/mocks' },
  entry: { host: '127.0.0.1', port: 1 },
  api: { host: '127.0.0.1', port: 2 },
  shadowIngress: { pipe: '/r/in.sock' },
  production: {
    world: 'production',
    xdsSocket: '/r/xds.sock',
    nodes: [
      {
        id: 'production/ingress/0',
        world: 'production',
        service: 'ingress',
        replica: 0,
        ingress: { listen: { host: '127.0.0.1', port: 1 } },
        outbound: [],
      },
    ],
    endpoints: { web: [] },
    atRest: { web: 1 },
    replicas: { web: 1 },
    capabilities: neverBroken,
    notes: [],
    isolation: 'none',
  },
});

/** Worlds of a supervisor that cannot clear the fault it still has. */
async function worlds(documents: Documents) {
  const description = describe(documents);
  const supervisor = {
    async call(method: string) {
      if (method === 'describe') return description;
      if (method === 'faults') return { ids: ['old'] };
      throw new Error('the shadow has ended');
    },
    on() {},
    onReconnect() {},
  };
  const served = new Map<string, readonly Resource[]>();
  const listening: string[] = [];
  const xds = {
    set(node: string, resources: readonly Resource[]) {
      served.set(node, resources);
      return { revision: 1, refused: [] };
    },
    async listen({ address }: { address: string }) {
      listening.push(address);
    },
    status: () => [],
  };
  const clock: Clock = { now: () => 1_000_000, sleep: () => new Promise(() => {}) };
  const errors: string[] = [];
  const { production } = await createLocalWorlds({
    supervisor: supervisor as unknown as SupervisorClient,
    xds: xds as unknown as ManagementServer,
    collectors: {
      production: createCollector({ world: 'production', topology: topologyOf(documents.application), clock }),
    },
    logger: { debug() {}, info() {}, warn() {}, error: (_, message) => void errors.push(message) },
    clock,
    store: { leases: () => ({ put() {}, list: () => [], delete() {} }) },
    healthy: () => undefined,
    filters: { mirror: '/mirror.wasm', chaos: '/chaos.wasm' },
  });
  return { production, served, listening, errors };
}

const mirrorOf = (resources: readonly Resource[] = []) =>
  Buffer.from(resources.find((r) => r.name === MIRROR_FILTER)?.body ?? []).toString('latin1');

test('a fault of before that cannot be cleared does not keep production from being served', async () => {
  const { served, listening, errors } = await worlds(parsed);
  assert.match(mirrorOf(served.get('production/ingress/0')), /mirror\.wasm/);
  assert.deepEqual(listening, ['unix:/r/xds.sock']);
  assert.match(errors.join(), /a fault of before/);
});

test('a mirror that cannot be built still serves production, and says so', async () => {
  const documents = structuredClone(parsed);
  documents.shadow!.spec.mirror!.percent = Number.NaN;
  const { production, served, listening, errors } = await worlds(documents);
  const resources = served.get('production/ingress/0');
  assert.ok(resources && mirrorOf(resources) !== '');
  assert.doesNotMatch(mirrorOf(resources), /mirror\.wasm/);
  assert.deepEqual(listening, ['unix:/r/xds.sock']);
  assert.match(errors.join(), /nothing is copied to the shadow/);
  assert.match(production.health().notes.join('\n'), /nothing is copied to the shadow: .*percent/);
});
