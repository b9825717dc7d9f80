import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { ClusterSchema } from '../envoy/protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { shortName } from '../xds/index.ts';
import { describe, readDocuments } from './documents.ts';
import { fieldPath } from './positions.ts';

const read = (text: string) => readDocuments(text, 'r.yaml');
const CLUSTER = '"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster';

test('a resource, a list, and Envoy’s own form with a selector are read', () => {
  const { layers, problems } = read(`
${CLUSTER}
name: a
connect_timeout: 1s
---
- {${CLUSTER}, name: b}
- {"@type": type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment, cluster_name: b}
---
node: { cluster: cart }
version_info: "7"
resources:
- {${CLUSTER}, name: c, loadAssignment: {clusterName: c}}
---
node: { id: cart-0 }
resources: []
`);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    layers.map((l) => [l.node, l.resources.map((w) => `${shortName(w.resource.typeUrl)} ${w.resource.name}`)]),
    [
      [undefined, ['CDS a']],
      [undefined, ['CDS b', 'EDS b']],
      [{ cluster: 'cart' }, ['CDS c']],
      [{ id: 'cart-0' }, []],
    ],
  );
  assert.equal(fromBinary(ClusterSchema, layers[0]!.resources[0]!.resource.body).connectTimeout?.seconds, 1n);
});

test('JSON is read too', () => {
  const { layers } = read(
    '{"resources": [{"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "a"}]}',
  );
  assert.equal(layers[0]!.resources[0]!.resource.name, 'a');
});

test('a discovery Resource gives name and time to live', () => {
  const { layers } = read(`
"@type": type.googleapis.com/envoy.service.discovery.v3.Resource
name: routes/shop
ttl: 2.5s
resource:
  "@type": type.googleapis.com/envoy.config.route.v3.VirtualHost
  name: shop
  domains: ["*"]
`);
  const { name, ttlMs, typeUrl } = layers[0]!.resources[0]!.resource;
  assert.deepEqual([shortName(typeUrl), name, ttlMs], ['VHDS', 'routes/shop', 2500]);
});

const head = `resources:\n- ${CLUSTER}\n  name: a\n`;
const wrong: [what: string, text: string, problem: RegExp][] = [
  ['bad YAML', 'a: [', /^r\.yaml:1:\d+: /],
  ['a scalar', 'hello', /^r\.yaml:1:1: a document must be/],
  ['neither resource nor list', 'name: a', /^r\.yaml:1:1: there is no "name" beside/],
  ['no resources', 'node: {id: a}', /^r\.yaml:1:1: it needs "@type"/],
  ['a selector of nothing', 'node: {}\nresources: []', /^r\.yaml:1:1: "node" must have/],
  ['a selector of two', 'resources: []\nnode: {id: a, cluster: b}', /^r\.yaml:2:1: "node" must have/],
  ['no type', 'resources:\n- name: a', /^r\.yaml:2:3: it has no "@type"/],
  ['an unknown type', 'resources:\n- "@type": x/y.Z', /^r\.yaml:2:3: "x\/y.Z" is not a type/],
  ['no name', `resources:\n- ${CLUSTER}`, /^r\.yaml:2:3: it has no name/],
  ['an unknown field', `${head}  foo: 1`, /^r\.yaml:4:3: there is no field "foo"/],
  ['a wrong value', `${head}  connect_timeout: 5x`, /^r\.yaml:4:3: not a google.protobuf.Duration: "5x"/],
  [
    'deep in a list',
    `${head}  load_assignment:\n    cluster_name: a\n    endpoints:\n    - {}\n    - lb_endpoints:\n      - endpointt: {}`,
    /^r\.yaml:9:9: there is no field "endpointt"/,
  ],
  [
    'behind an Any',
    `${head}  transport_socket:\n    name: t\n    typed_config:\n      "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext\n      snii: a`,
    /^r\.yaml:8:7: there is no field "snii"/,
  ],
  [
    'an unknown type behind a field',
    `${head}  transport_socket:\n    name: t\n    typed_config:\n      "@type": type.googleapis.com/a.B`,
    /^r\.yaml:7:7: "type.googleapis.com\/a.B" is not a type/,
  ],
];
for (const [what, text, problem] of wrong)
  test(`a problem is told at its line: ${what}`, () => {
    const { problems } = read(text);
    assert.equal(problems.length, 1, problems.map(describe).join('\n'));
    assert.match(describe(problems[0]!), problem);
  });

test('all problems are told, and what is sound is read', () => {
  const { layers, problems } = read(`- {${CLUSTER}, name: a}\n- {${CLUSTER}, nam: b}\n- {${CLUSTER}, name: [c]}`);
  assert.deepEqual([layers[0]!.resources.length, problems.map((p) => p.line)], [1, [2, 3]]);
});

test('a field is found as validation names it, in whichever spelling the document has', () => {
  const { layers } = read(
    `${head}  loadAssignment:\n    endpoints:\n    - lb_endpoints:\n      - loadBalancingWeight: 0`,
  );
  const path = 'load_assignment.endpoints[0].lb_endpoints[0].load_balancing_weight';
  assert.equal(describe(layers[0]!.resources[0]!.problem(path, 'm')), 'r.yaml:7:9: m');
  assert.equal(describe(layers[0]!.resources[0]!.problem('name', 'm')), 'r.yaml:3:3: m');
  assert.equal(describe(layers[0]!.resources[0]!.problem('nothing.there', 'm')), 'r.yaml:2:3: m');
});

test('a validation path is taken apart', () => {
  assert.deepEqual(fieldPath('filters[0].typed_config(Router).x[a.b].y'), [
    'filters',
    0,
    'typed_config',
    'x',
    'a.b',
    'y',
  ]);
});
