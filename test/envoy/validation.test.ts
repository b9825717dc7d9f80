/** What our validation says of a resource is what Envoy itself says: `envoy --mode validate` is the oracle. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fromBinary, type JsonObject, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf';
import { bootstrap } from '../../control-plane/envoy/bootstrap.ts';
import {
  type Cluster,
  ClusterSchema,
} from '../../control-plane/envoy/protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import {
  type Listener,
  ListenerSchema,
} from '../../control-plane/envoy/protos/gen/envoy/config/listener/v3/listener_pb.js';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '../../control-plane/envoy/protos/gen/envoy/config/route/v3/route_pb.js';
import { registry } from '../../control-plane/envoy/protos/registry.ts';
import { describeProblem, validate } from '../../control-plane/envoy/validation/index.ts';
import type { Resource } from '../../control-plane/xds/resource.ts';
import { validateByEnvoy } from './fixtures/envoy.ts';
import { builtFilters, Mesh, shop } from './fixtures/mesh.ts';

type Kind = 'Cluster' | 'Listener' | 'RouteConfiguration';
const schemas = { Cluster: ClusterSchema, Listener: ListenerSchema, RouteConfiguration: RouteConfigurationSchema };

/** One way to spoil a sound resource. `expect` is what our problem must say; none = both accept it. */
interface Case {
  what: string;
  kind: Kind;
  spoil: (message: never) => void;
  expect?: RegExp;
}
const cluster = (what: string, spoil: (c: Cluster) => void, expect?: RegExp): Case => ({
  what,
  kind: 'Cluster',
  spoil,
  ...(expect ? { expect } : {}),
});
const routes = (what: string, spoil: (r: RouteConfiguration) => void, expect?: RegExp): Case => ({
  what,
  kind: 'RouteConfiguration',
  spoil,
  ...(expect ? { expect } : {}),
});
const listener = (what: string, spoil: (l: Listener) => void, expect?: RegExp): Case => ({
  what,
  kind: 'Listener',
  spoil,
  ...(expect ? { expect } : {}),
});

const seconds = (n: number) => ({ $typeName: 'google.protobuf.Duration' as const, seconds: BigInt(n), nanos: 0 });
const route = (r: RouteConfiguration) => {
  const { action } = r.virtualHosts[0]!.routes[0]!;
  if (action.case !== 'route') throw new Error('not a route');
  return action.value;
};

const cases: Case[] = [
  cluster('as built', () => {}),
  cluster(
    'name empty',
    (c) => {
      c.name = '';
    },
    /name must not be empty/,
  ),
  cluster(
    'connect time-out 0',
    (c) => {
      c.connectTimeout = seconds(0);
    },
    /connect_timeout must be greater than 0 s/,
  ),
  cluster(
    'a negative duration',
    (c) => {
      c.commonLbConfig!.updateMergeWindow = seconds(-1);
    },
    /update_merge_window must not be negative/,
  ),
  cluster(
    'a duration of too many seconds',
    (c) => {
      c.commonLbConfig!.updateMergeWindow = seconds(9_223_372_036);
    },
    /update_merge_window must be at most 9223372035 s/,
  ),
  cluster('the longest duration', (c) => {
    c.commonLbConfig!.updateMergeWindow = { ...seconds(9_223_372_035), nanos: 999_999_999 };
  }),
  cluster(
    'lb policy unknown',
    (c) => {
      c.lbPolicy = 99 as never;
    },
    /lb_policy must be a defined value/,
  ),
  cluster(
    'ejection 101%',
    (c) => {
      c.outlierDetection!.maxEjectionPercent = 101;
    },
    /max_ejection_percent must be at most 100/,
  ),
  cluster('ejection 100%', (c) => {
    c.outlierDetection!.maxEjectionPercent = 100;
  }),
  cluster(
    'interval 0',
    (c) => {
      c.outlierDetection!.interval = seconds(0);
    },
    /outlier_detection.interval must be greater than 0 s/,
  ),
  cluster(
    'priority unknown',
    (c) => {
      c.circuitBreakers!.thresholds[0]!.priority = 7 as never;
    },
    /thresholds\[0\].priority must be a defined value/,
  ),
  cluster(
    'budget over 100%',
    (c) => {
      c.circuitBreakers!.thresholds[0]!.retryBudget!.budgetPercent!.value = 150;
    },
    /budget_percent.value must be at most 100/,
  ),
  routes('as built', () => {}),
  routes(
    'no domain',
    (r) => {
      r.virtualHosts[0]!.domains = [];
    },
    /virtual_hosts\[0\].domains must have at least 1 entries/,
  ),
  routes(
    'host without name',
    (r) => {
      r.virtualHosts[0]!.name = '';
    },
    /virtual_hosts\[0\].name must not be empty/,
  ),
  routes(
    'no action',
    (r) => {
      r.virtualHosts[0]!.routes[0]!.action = { case: undefined };
    },
    /routes\[0\].action is required/,
  ),
  routes(
    'cluster name empty',
    (r) => {
      route(r).clusterSpecifier = { case: 'cluster', value: '' };
    },
    /route.cluster must not be empty/,
  ),
  routes(
    'header name not a token',
    (r) => {
      r.requestHeadersToAdd[0]!.header!.key = 'bad\nname';
    },
    /header.key must be the name of an HTTP header/,
  ),
  routes(
    'unknown cluster',
    (r) => {
      route(r).clusterSpecifier = { case: 'cluster', value: 'nowhere' };
    },
    /must name a cluster of this proxy/,
  ),
  listener('as built', () => {}),
  listener(
    'chain filter without name',
    (l) => {
      l.filterChains[0]!.filters[0]!.name = '';
    },
    /filters\[0\].name must not be empty/,
  ),
  listener(
    'no address',
    (l) => {
      l.address!.address = { case: undefined };
    },
    /address.address is required/,
  ),
];

suite('validation against envoy --mode validate', () => {
  const directory = mkdtempSync(join(tmpdir(), 'umbra-validate-'));
  const mesh = new Mesh(shop);
  let resources: Resource[] = [];
  before(async () => {
    for (const name of ['shop', 'cart', 'cart-b', 'payments']) await mesh.serve(name);
    resources = mesh.build(mesh.sidecar('shop'));
  });
  after(async () => {
    await mesh.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const named: Record<Kind, string> = { Cluster: 'out|cart', Listener: 'out|cart', RouteConfiguration: 'out|cart' };
  const isOf = (r: Resource, kind: Kind) => r.typeUrl.endsWith(`.${kind}`);

  /** The resources with one of them spoiled. */
  function spoiled({ kind, spoil }: Case): Resource[] {
    return resources.map((r) => {
      if (!isOf(r, kind) || r.name !== named[kind]) return r;
      const schema = schemas[kind] as typeof ClusterSchema;
      const message = fromBinary(schema, r.body);
      spoil(message as never);
      return { ...r, body: toBinary(schema, message) };
    });
  }

  /** As a static bootstrap: clusters and listeners as they are, the edge's routes inline in a listener of their own. */
  function asBootstrap(all: Resource[]): JsonObject {
    const base = bootstrap(mesh.sidecar('shop'), {
      xds: { pipe: join(directory, 'xds.sock') },
      admin: { pipe: join(directory, 'admin.sock') },
      statsIntervalMs: 1000,
    });
    const json = (kind: Kind) =>
      all
        .filter((r) => isOf(r, kind))
        .map(
          (r) =>
            toJson(schemas[kind] as typeof ClusterSchema, fromBinary(schemas[kind] as typeof ClusterSchema, r.body), {
              registry: registry(),
            }) as JsonObject,
        );
    const inline = json('RouteConfiguration').map(
      (config, i): JsonValue => ({
        name: `routes ${i}`,
        address: { pipe: { path: join(directory, `routes-${i}.sock`) } },
        filterChains: [
          {
            filters: [
              {
                name: 'hcm',
                typedConfig: {
                  '@type':
                    'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                  statPrefix: 'x',
                  routeConfig: { ...config, validateClusters: true },
                  httpFilters: [
                    {
                      name: 'envoy.filters.http.router',
                      typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
                    },
                  ],
                },
              },
            ],
          },
        ],
      }),
    );
    const own = (base.staticResources as { clusters: JsonValue[] }).clusters;
    return {
      ...base,
      staticResources: { clusters: [...own, ...json('Cluster')], listeners: [...json('Listener'), ...inline] },
    };
  }

  for (const c of cases)
    test(`${c.kind}: ${c.what}`, async () => {
      const all = spoiled(c);
      const ours = validate(all).map(describeProblem);
      const envoys = await validateByEnvoy(asBootstrap(all), directory);
      if (c.expect) {
        assert.match(ours.join('\n'), c.expect);
        assert.notEqual(envoys, undefined, 'Envoy accepts what we refuse');
      } else {
        assert.deepEqual(ours, []);
        assert.equal(envoys, undefined);
      }
    });
});

suite('what is built for every node is sound', { skip: builtFilters() ? false : 'filters are not built' }, () => {
  for (const world of ['production', 'shadow'] as const)
    test(world, async () => {
      const mesh = new Mesh(shop, world);
      try {
        for (const name of ['shop', 'cart', 'cart-b', 'payments']) await mesh.serve(name);
        mesh.parts = {
          filters: builtFilters()!,
          protectedPrefixes: ['/checkout'],
          ...(world === 'production'
            ? {
                shadowIngress: { pipe: '/run/shadow.sock' },
                mirror: { generation: 1, cluster: 'umbra_shadow', percent: 10, pseudonymKey: '0'.repeat(32) },
              }
            : {}),
        };
        for (const node of [mesh.sidecar('shop'), mesh.sidecar('cart'), mesh.ingress()])
          assert.deepEqual(validate(mesh.build(node)).map(describeProblem), []);
      } finally {
        await mesh.stop();
      }
    });
});
