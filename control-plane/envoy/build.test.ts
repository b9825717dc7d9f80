import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { baselineSettings } from '../mesh/compose.ts';
import { UmbraError } from '../mesh/errors.ts';
import type { EdgeSettings } from '../mesh/settings.ts';
import type { Edge, Protocol, Service, Topology } from '../mesh/topology.ts';
import { buildResources } from './build.ts';
import { buildChecked } from './checked.ts';
import { MIRROR_FILTER } from './names.ts';
import type { BuildInput, Endpoints, ProxyNode } from './node.ts';
import { ClusterSchema } from './protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { HttpProtocolOptionsSchema } from './protos/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';

const service = (id: string, rest: Partial<Service> = {}): Service => ({
  id,
  replicas: 1,
  minReplicas: 1,
  maxReplicas: 3,
  failoverWrites: false,
  external: false,
  ...rest,
});
const edge = (caller: string, callee: string): Edge => ({
  id: `${caller}>${callee}`,
  caller,
  callee,
  sloLatencyMs: 100,
  timeoutMs: 1000,
  retries: 0,
  idempotent: 'safe',
  optional: false,
});
const topology: Topology = {
  application: 'demo',
  services: {
    shop: service('shop'),
    cart: service('cart', { failover: 'cart-b' }),
    'cart-b': service('cart-b'),
    bank: service('bank', { external: true }),
  },
  edges: Object.fromEntries(
    [edge('ingress', 'shop'), edge('shop', 'cart'), edge('shop', 'bank')].map((e) => [e.id, e]),
  ),
  entry: 'ingress>shop',
};
const at = (port: number, healthy = true) => ({ address: { host: '127.0.0.1', port }, replica: 0, healthy });
const endpoints: Endpoints = { shop: [at(1)], cart: [at(2), at(3)], 'cart-b': [at(4)], bank: [at(5)] };
const sidecar = (world: ProxyNode['world']): ProxyNode => ({
  id: `${world}/shop/0`,
  world,
  service: 'shop',
  replica: 0,
  inbound: { listen: { host: '127.0.0.1', port: 10 }, app: { host: '127.0.0.1', port: 1 } },
  outbound: [
    { callee: 'cart', listen: { host: '127.0.0.1', port: 11 } },
    { callee: 'bank', listen: { host: '127.0.0.1', port: 12 } },
  ],
});
const input = (world: ProxyNode['world'], rest: Partial<BuildInput> = {}): BuildInput => ({
  node: sidecar(world),
  topology,
  settings: baselineSettings(topology),
  endpoints,
  callerReplicas: 1,
  faults: [],
  filters: { mirror: '/m.wasm', chaos: '/c.wasm' },
  protectedPrefixes: [],
  ...rest,
});
/** `Type name` of everything whose version differs. */
function changed(before: BuildInput, after: BuildInput): string[] {
  const key = (r: { typeUrl: string; name: string }) => `${r.typeUrl.split('.').at(-1)} ${r.name}`;
  const was = new Map(buildResources(before).map((r) => [key(r), r.version]));
  const is = new Map(buildResources(after).map((r) => [key(r), r.version]));
  return [...new Set([...was.keys(), ...is.keys()])].filter((k) => was.get(k) !== is.get(k));
}
const withEdge = (change: Partial<EdgeSettings>) => {
  const settings = baselineSettings(topology);
  const edges = { ...settings.edges, 'shop>cart': { ...settings.edges['shop>cart']!, ...change } };
  return input('production', { settings: { ...settings, edges } });
};

test('equal input, equal bytes and versions', () => {
  assert.deepEqual(buildResources(input('shadow')), buildResources(input('shadow')));
});

const mitigations: [change: Partial<EdgeSettings>, channels: string[]][] = [
  [{ maxRequests: 4 }, ['Runtime umbra']],
  [{ outlier: { consecutiveFailures: 2, ejectMs: 15_000, maxEjectionPercent: 60 } }, ['Runtime umbra']],
  [{ admission: { aggression: 1 } }, ['Runtime umbra']],
  [{ timeoutMs: 100 }, ['RouteConfiguration out|cart']],
  [{ retry: { attempts: 2, backoffMs: 25, budgetPercent: 20 } }, ['RouteConfiguration out|cart', 'Runtime umbra']],
  [{ rateLimit: 10 }, ['RouteConfiguration out|cart']],
  [{ failoverShare: 0.5 }, ['RouteConfiguration out|cart']],
];
for (const [change, channels] of mitigations)
  test(`${Object.keys(change)} goes by the channel that disturbs least`, () =>
    assert.deepEqual(changed(input('production'), withEdge(change)), channels));

test('health and scale go by endpoints', () => {
  const with_ = (cart: Endpoints[string]) => input('production', { endpoints: { ...endpoints, cart } });
  assert.deepEqual(changed(input('production'), with_([at(2, false), at(3)])), ['ClusterLoadAssignment cart']);
  assert.deepEqual(changed(input('production'), with_([at(2), at(3), at(6)])), ['ClusterLoadAssignment cart']);
});

test('exchanges are sampled in production, with those externals that are named', () => {
  const with_ = (...externals: string[]) => ({
    samples: { directory: '/s', percent: 5, externals: new Set(externals) },
  });
  assert.deepEqual(changed(input('production'), input('production', with_('bank'))), ['Listener out|bank']);
  assert.deepEqual(changed(input('production'), input('production', with_('post'))), []);
  assert.deepEqual(changed(input('shadow'), input('shadow', with_('bank'))), []);
});

test('nobody healthy is everybody healthy', () => {
  const all = (healthy: boolean) =>
    input('production', { endpoints: { ...endpoints, cart: [at(2, healthy), at(3, healthy)] } });
  assert.deepEqual(changed(all(true), all(false)), []);
});

test('nothing in production is for the shadow only; in the shadow what can break it is', () => {
  assert.ok(buildResources(input('production')).every((r) => r.scope === 'any'));
  const shadowOnly = buildResources(input('shadow')).filter((r) => r.scope === 'shadow');
  assert.deepEqual(shadowOnly.map((r) => r.name).sort(), ['in', 'umbra.chaos', 'umbra.faults']);
});

test('envoy#32823: a filter that is not wanted is replaced by one that does nothing, never taken away', () => {
  const ingress: ProxyNode = {
    id: 'production/ingress/0',
    world: 'production',
    service: 'ingress',
    replica: 0,
    ingress: { listen: { host: '127.0.0.1', port: 20 } },
    outbound: [],
  };
  const mirror = { generation: 1, cluster: 'umbra_shadow', percent: 100, pseudonymKey: '0'.repeat(32) };
  const [without, withMirror] = [{}, { mirror, shadowIngress: { host: '127.0.0.1', port: 21 } }].map((rest) =>
    buildResources(input('production', { node: ingress, ...rest })).filter((r) => r.name === MIRROR_FILTER),
  );
  assert.deepEqual([without!.length, withMirror!.length], [1, 1]);
  assert.notEqual(without![0]!.version, withMirror![0]!.version);
});

test('a filter configuration that the module would refuse is not built, and the line that is wrong is named', () => {
  const mirror = { generation: 1, cluster: 'umbra_shadow', percent: 101, pseudonymKey: '0'.repeat(32) };
  const ingress = { id: 'production/ingress/0', world: 'production', service: 'ingress', replica: 0 } as const;
  const node: ProxyNode = { ...ingress, ingress: { listen: { host: '127.0.0.1', port: 20 } }, outbound: [] };
  assert.throws(
    () => buildResources(input('production', { node, mirror, shadowIngress: { host: '127.0.0.1', port: 21 } })),
    (e) =>
      e instanceof UmbraError &&
      e.code === 'UMB0301' &&
      e.message.includes('configuration of mirror: line 4: percent: must be within 0 and 100'),
  );
});

/** What a proxy's clusters are told to speak to their hosts. */
function spoken(build: BuildInput): Record<string, string | undefined> {
  const clusters = buildResources(build).filter((r) => r.typeUrl.endsWith('.Cluster'));
  return Object.fromEntries(
    clusters.map(({ name, body }) => {
      const packed = Object.values(fromBinary(ClusterSchema, body).typedExtensionProtocolOptions)[0]!;
      const { upstreamProtocolOptions: how } = fromBinary(HttpProtocolOptionsSchema, packed.value);
      return [name, how.case === 'explicitHttpConfig' ? how.value.protocolConfig.case : how.case];
    }),
  );
}

test('each service is spoken to in what it declares, else in what its caller speaks; copies follow the entry', () => {
  const of = (protocols: Record<string, Protocol>): Topology => ({
    ...topology,
    services: Object.fromEntries(
      Object.entries(topology.services).map(([id, s]) => [id, protocols[id] ? { ...s, protocol: protocols[id] } : s]),
    ),
  });
  const mixed = of({ shop: 'grpc', cart: 'http2', 'cart-b': 'http' });
  assert.deepEqual(spoken(input('production', { topology: mixed })), {
    'out|cart': 'http2ProtocolOptions',
    'out|cart-b': 'httpProtocolOptions',
    'out|bank': 'useDownstreamProtocolConfig',
    in: 'http2ProtocolOptions',
  });
  const node: ProxyNode = {
    id: 'production/ingress/0',
    world: 'production',
    service: 'ingress',
    replica: 0,
    ingress: { listen: { host: '127.0.0.1', port: 20 } },
    outbound: [],
  };
  const entered = (t: Topology) => spoken(input('production', { node, topology: t, shadowIngress: { pipe: '/s' } }));
  assert.deepEqual(entered(mixed), { 'out|shop': 'http2ProtocolOptions', umbra_shadow: 'http2ProtocolOptions' });
  assert.deepEqual(entered(topology), {
    'out|shop': 'useDownstreamProtocolConfig',
    umbra_shadow: 'httpProtocolOptions',
  });
});

test('production is built above the floors of its healthy state', () => {
  const state = { rate: 100, p50: 5, p99: 50, inFlight: 1, goodRatio: 1, errorRatio: 0, windows: 20 };
  const healthy = { edges: { 'shop>cart': state }, services: {}, goodput: 100 };
  const extreme = withEdge({ rateLimit: 0.1, timeoutMs: 1 });
  const floored = withEdge({ rateLimit: 50, timeoutMs: 50 });
  assert.deepEqual(changed({ ...extreme, healthy }, floored), []);
});

test('what cannot be built says why', () => {
  const refused = (code: string, detail: RegExp) => (e: unknown) =>
    e instanceof UmbraError && e.code === code && detail.test(e.message);
  const stranger = { ...sidecar('production'), outbound: [{ callee: 'nobody', listen: { pipe: '/x' } }] };
  assert.throws(
    () => buildResources(input('production', { node: stranger })),
    refused('UMB0301', /shop>nobody is not an edge/),
  );
});

test('what is built is checked, and the field at fault is named', () => {
  assert.deepEqual(buildChecked(input('shadow')), buildResources(input('shadow')));
  const unlistenable = {
    ...sidecar('production'),
    outbound: [{ callee: 'cart', listen: { host: '127.0.0.1', port: 70_000 } }],
  };
  assert.throws(
    () => buildChecked(input('production', { node: unlistenable })),
    (e) =>
      e instanceof UmbraError &&
      e.code === 'UMB0301' &&
      /Listener out\|cart: .*port_value must be at most 65535 \(given 70000\)/.test(e.message),
  );
});
