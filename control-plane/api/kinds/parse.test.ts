import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UmbraError } from '../../mesh/errors.ts';
import { parseDocuments } from './parse.ts';
import { topologyOf } from './topology.ts';

const good = `apiVersion: umbra.dev/v1alpha1
kind: Application
metadata: { name: shop }
spec:
  entry: { port: 8080, service: web }
  services:
    web:
      command: [node, web.js]
      env: { PORT: '{{port}}', CART: '{{url.cart}}' }
      calls: { cart: { timeout: 1s, slo: 200ms } }
    cart:
      command: [node, cart.js, '{{port}}']
      replicas: 2
      scale: { max: 3 }
  externals: { bank: { url: 'http://127.0.0.1:7000' } }
---
apiVersion: umbra.dev/v1alpha1
kind: Shadow
metadata: { name: shop-shadow }
spec: { application: shop }
`;

test('a service says what it speaks', () => {
  const text = good.replace('replicas: 2', "replicas: 2\n      protocol: grpc\n      health: { grpc: '' }");
  const { services } = topologyOf(parseDocuments(text, 'app.yaml').application);
  assert.equal(services.cart?.protocol, 'grpc');
  assert.equal(services.web?.protocol, undefined);
});

test('an application and its shadow', () => {
  const { application, shadow } = parseDocuments(good, 'app.yaml');
  assert.equal(shadow?.spec.application, 'shop');
  const topology = topologyOf(application);
  assert.deepEqual(Object.keys(topology.edges).sort(), ['ingress>web', 'web>cart']);
  assert.equal(topology.edges['web>cart']?.timeoutMs, 1000);
  assert.equal(topology.services.cart?.maxReplicas, 3);
});

/** The good Shadow with one more field. */
const shadowWith = (field: string): [from: string, to: string] => [
  'application: shop }',
  `application: shop, ${field} }`,
];
const sandbox = (url: string) => shadowWith(`externals: { bank: { mode: sandbox, url: '${url}' } }`);

test('a sandbox beside the real one; what is outside may be left alone by chaos as well', () => {
  for (const url of ['http://127.0.0.1:7001', 'http://bank_sandbox.test'])
    assert.ok(parseDocuments(good.replace(...sandbox(url)), 'app.yaml').shadow);
  assert.ok(parseDocuments(good.replace(...shadowWith('chaos: { exclude: [cart, bank] }')), 'app.yaml').shadow);
});

const bad: [name: string, from: string, to: string, line: number, message: RegExp][] = [
  ['unknown field', '      replicas: 2', '      replicsa: 2', 13, /no field "replicsa"/],
  ['missing command', '      command: [node, web.js]\n', '', 7, /lacks the field "command"/],
  ['wrong duration', 'timeout: 1s', 'timeout: soon', 10, /timeout/],
  ['call to nobody', 'calls: { cart:', 'calls: { crat:', 9, /does not declare a call to cart/],
  ['unknown template', "'{{port}}', CART", "'{{prot}}', CART", 9, /no template \{\{prot\}\}/],
  ['entry to nobody', 'service: web }', 'service: wbe }', 5, /wbe is not among/],
  [
    'unknown protocol',
    'replicas: 2',
    'protocol: h2',
    13,
    /spec\.services\.cart\.protocol must be one of http, http2, grpc, not "h2"$/,
  ],
  [
    'one of many that is none of them',
    'application: shop }',
    'application: shop, chaos: { faults: [bogus] } }',
    20,
    /faults\.0 must be one of latency, packet-loss, /,
  ],
  ['health of two kinds', 'replicas: 2', "health: { path: /, grpc: '' }", 13, /cart: health needs either path or grpc/],
  [
    'health by a path of what speaks gRPC',
    'replicas: 2',
    'protocol: grpc\n      health: { path: / }',
    14,
    /ask health\.grpc/,
  ],
  [
    'health by gRPC of what speaks HTTP/1.1',
    'replicas: 2',
    "protocol: http\n      health: { grpc: '' }",
    14,
    /is http$/,
  ],
  ['health of no kind', 'service: web }', 'service: web, health: {} }', 5, /entry: health needs either path or grpc/],
  ['scale below replicas', 'max: 3', 'max: 1', 14, /below replicas 2/],
  ['scale that begins above replicas', 'max: 3', 'min: 3, max: 3', 14, /scale\.min 3 is above replicas 2/],
  ['failover to itself', 'replicas: 2', 'failover: cart', 13, /failover of cart is cart itself/],
  ['a time-out of nothing', 'timeout: 1s', 'timeout: 0s', 10, /timeout must be text such as .*, not "0s"/],
  ['what is outside by the name of the entry', 'bank:', 'ingress:', 15, /ingress is taken/],
  ['https outside', 'http://127', 'https://127', 15, /url must be text such as http:/],
  ['a port that cannot be', ':7000', ':70000', 15, /bank: http:\/\/127\.0\.0\.1:70000 is no address/],
  ['not YAML', 'kind: Application', 'kind: [Application', 3, /./],
  [
    'a number for a time',
    'slo: 200ms',
    'slo: 200',
    10,
    /calls\.cart\.slo must be text such as 250ms, 2s, 1m, not 200\n?$/,
  ],
  [
    'another version',
    'apiVersion: umbra.dev/v1alpha1',
    'apiVersion: umbra.dev/v1',
    1,
    /must be umbra\.dev\/v1alpha1, not "umbra\.dev\/v1"/,
  ],
  [
    'a word of no choice',
    '      replicas: 2',
    '      mode: manual',
    13,
    /must be one of off, observe, approve, auto, not "manual"/,
  ],
  [
    'a shadow of another',
    'application: shop }',
    'application: ship }',
    20,
    /the Shadow is of ship, the Application is shop/,
  ],
  ['a bound of no memory', ...shadowWith("resources: { memory: '0B' }"), 20, /memory must be text such as/],
  [
    'a route of the mirror after a wider one',
    ...shadowWith('mirror: { routes: [{ pathPrefix: /a }, { pathPrefix: /a/b, percent: 0 }] }'),
    20,
    /no request is of this route: all are of route 1 /,
  ],
  ['chaos kept from nobody', ...shadowWith('chaos: { exclude: [web, crat] }'), 20, /crat is neither a service/],
  ['a mock of nobody', ...shadowWith('externals: { bnak: { mode: mock } }'), 20, /bnak is not among the externals/],
  ['a sandbox nowhere', ...shadowWith('externals: { bank: { mode: sandbox } }'), 20, /sandbox needs the url/],
  ['a sandbox by https', ...sandbox('https://bank.test'), 20, /url must be text such as http:/],
  ['a sandbox with a path', ...sandbox('http://bank.test/v1'), 20, /url must be text such as http:/],
  ['a sandbox at no port', ...sandbox('http://bank.test:0'), 20, /http:\/\/bank\.test:0 is no address/],
  ['a sandbox where users enter', ...sandbox('http://localhost:8080'), 20, /where the users of production enter/],
  ...['127.0.0.1', 'localhost', 'LOCALHOST.', '0.0.0.0', '127.1'].map((host): (typeof bad)[number] => [
    `the real one as ${host} for a sandbox`,
    ...sandbox(`http://${host}:7000`),
    20,
    /is no sandbox, it is the bank of production/,
  ]),
  ['no application', 'kind: Application', 'kind: Applikation', 2, /kind must be/],
];
for (const [name, from, to, line, message] of bad) {
  test(`${name} is refused with its line`, () => {
    assert.throws(
      () => parseDocuments(good.replace(from, to), 'app.yaml'),
      (e: UmbraError) =>
        e instanceof UmbraError &&
        e.code === 'UMB0101' &&
        e.message.includes(`app.yaml:${line}:`) &&
        message.test(e.message),
    );
  });
}

test('a field that is not there is named once', () => {
  assert.throws(
    () => parseDocuments(good.replace('      replicas: 2', '      replicsa: 2'), 'app.yaml'),
    (e: UmbraError) => e.message === 'invalid document: app.yaml:13:7: spec.services.cart has no field "replicsa"',
  );
});

test('of what is no YAML the first problem is told, its place once', () => {
  assert.throws(
    () => parseDocuments(good.replace('      replicas: 2', '\treplicas: 2'), 'app.yaml'),
    (e: UmbraError) => e.message === 'invalid document: app.yaml:13:1: Tabs are not allowed as indentation',
  );
});

test('many wrong values are all told', () => {
  const many = Array.from({ length: 30 }, (_, i) => `    s${i}: { command: [], colour: red }\n`).join('');
  assert.throws(
    () => parseDocuments(good.replace('    cart:\n', `${many}    cart:\n`), 'app.yaml'),
    (e: UmbraError) => e.message.split('\n').length === 60,
  );
});
