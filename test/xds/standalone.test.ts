/** `umbra xds` as somebody uses it: files in, state out. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { Authority } from './authority.ts';
import { connect, DeltaStream } from './client.ts';
import { CDS, EDS } from './sample.ts';
import { clusterTo, listener, rds, router, routesTo, standalone, typed, umbra } from './standalone.ts';

const sound = [...clusterTo('cart', 9), routesTo('cart'), listener({ ...rds, ...router })];

test('files are served, a sound change as well, a broken one is named by line and changes nothing', async (t) => {
  const s = await standalone(t, sound);
  const client = connect(s.address);
  t.after(() => client.close());
  const stream = new DeltaStream(client);
  stream.send({ node: { id: 'cart-0', cluster: 'cart' }, typeUrl: CDS });
  const first = await stream.receive();
  assert.deepEqual(
    first.resources.map((r) => r.name),
    ['cart'],
  );
  stream.ack(first);
  s.write([...sound, ...clusterTo('pay', 9)]);
  const second = await stream.receive();
  assert.deepEqual(
    second.resources.map((r) => r.name),
    ['pay'],
  );
  stream.ack(second);
  s.write([...sound, routesTo('gone')]);
  assert.match(await s.server.line(/error: /), /what was served before stays.*:9:\d+: routes is given twice.*:5/);
  const before = s.server.lines.length;
  s.write([...clusterTo('cart', 9), routesTo('gone')]);
  assert.match(
    await s.server.line(/error: /, before),
    /:5:\d+: RouteConfiguration routes: virtual_hosts\[0\].*given gone/,
  );
  assert.deepEqual(stream.pending, []);
});

test('a cluster and a node have resources of their own', async (t) => {
  const own = typed('endpoints', { cluster_name: 'cart' });
  const s = await standalone(t, [
    ...sound,
    { node: { cluster: 'big' }, resources: clusterTo('extra', 9) },
    { node: { id: 'big-1' }, resources: [own] },
  ]);
  const client = connect(s.address);
  t.after(() => client.close());
  for (const [node, clusters, bytes] of [
    [{ id: 'small-0', cluster: 'small' }, ['cart'], false],
    [{ id: 'big-0', cluster: 'big' }, ['cart', 'extra'], false],
    [{ id: 'big-1', cluster: 'big' }, ['cart', 'extra'], true],
  ] as const) {
    const stream = new DeltaStream(client);
    stream.send({ node, typeUrl: CDS });
    const answer = await stream.receive();
    assert.deepEqual(answer.resources.map((r) => r.name).sort(), clusters);
    stream.ack(answer);
    stream.send({ typeUrl: EDS, resourceNamesSubscribe: ['cart'] });
    const [endpoints] = (await stream.receive()).resources;
    assert.equal(endpoints!.resource!.value.length < 10, bytes);
    stream.close();
  }
});

test('status, dump and diff tell of a running server', async (t) => {
  const s = await standalone(t, sound);
  assert.match((await umbra('xds', 'status', '--xds', s.address)).out, /no nodes/);
  const client = connect(s.address);
  t.after(() => client.close());
  const stream = new DeltaStream(client);
  stream.send({ node: { id: 'cart-0', cluster: 'cart' }, typeUrl: CDS });
  stream.nack(await stream.receive(), 'cart: no \u001b[31mroom');
  await s.server.line(/cart-0 refused CDS cart/);
  const { out, code } = await umbra('xds', 'status', '--xds', s.address);
  assert.equal(code, 0);
  assert.match(
    out,
    /cart-0 +cart +CDS 1 \(1 refused\), EDS 1 \(1 not sent\), LDS 1 \(1 not sent\), RDS 1 \(1 not sent\)/,
  );
  assert.match(out, /refused cart-0: CDS cart, .* ago: cart: no \\x1b\[31mroom/);
  const json = JSON.parse((await umbra('xds', 'status', 'cart-0', '--json', '--xds', s.address)).out);
  assert.equal(json[0].generic_xds_configs[0].config_status, 'ERROR');

  const dump = JSON.parse((await umbra('xds', 'dump', 'cart-0', '--xds', s.address)).out);
  const saved = join(s.folder, 'dump.json');
  writeFileSync(saved, JSON.stringify(dump));
  const same = await umbra('xds', 'diff', 'cart-0', '--xds', s.address, '--envoy', saved);
  assert.deepEqual([same.code, same.out], [0, 'cart-0 has what it should']);
  assert.equal(dump.configs[0].bootstrap.node.cluster, 'cart');
  dump.configs[1].dynamic_active_clusters[0].cluster.connect_timeout = '5s';
  dump.configs[4].dynamic_listeners = [];
  writeFileSync(saved, JSON.stringify(dump));
  const other = await umbra('xds', 'diff', 'cart-0', '--xds', s.address, '--envoy', saved);
  assert.equal(other.code, 1);
  assert.match(other.out, /~ CDS cart\n +connect_timeout: "1s" is wanted, "5s" is there/);
  assert.match(other.out, /- LDS in: Envoy does not have it/);
  const unacknowledged = await umbra('xds', 'diff', 'cart-0', '--xds', s.address);
  assert.match(unacknowledged.out, /CDS cart: error: cart: no .*\nEDS cart: not sent/);
});

test('metrics and readiness have a page', async (t) => {
  const s = await standalone(t, sound, ['--metrics', '127.0.0.1:0']);
  const url = /metrics at (http:\S+)\/metrics/.exec(await s.server.line(/metrics at/))![1]!;
  assert.equal((await fetch(`${url}/ready`)).status, 200);
  assert.match(await (await fetch(`${url}/metrics`)).text(), /^umbra_xds_ready 1$/m);
  assert.equal((await fetch(`${url}/`)).status, 404);
  for (const address of ['9090', '127.0.0.1:99999', 'unix:/metrics']) {
    const nowhere = await umbra('xds', '-f', s.file, '--listen', '127.0.0.1:0', '--metrics', address);
    assert.deepEqual([nowhere.code, /UMB0803/.test(nowhere.err)], [1, true], address);
  }
});

test('with certificates proxies are who they prove to be, and state is shown elsewhere', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-tls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const authority = await Authority.create();
  const { certificate, key, authorities } = await authority.server();
  const path = (name: string, content: Buffer | string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const tls = [
    '--tls-cert',
    path('cert', certificate),
    '--tls-key',
    path('key', key),
    '--tls-ca',
    path('ca', authorities),
  ];
  const s = await standalone(t, sound, [...tls, '--inspect', '127.0.0.1:0']);
  const shown = /shown on (\S+)/.exec(await s.server.line(/state is shown on/))![1]!;
  const own = await authority.spiffe('spiffe://mesh/cart');
  const client = new grpc.Client(s.address, grpc.credentials.createSsl(authority.pem, own.key, own.certificate), {
    'grpc.ssl_target_name_override': 'localhost',
  });
  t.after(() => client.close());
  const stream = new DeltaStream(client);
  stream.send({ node: { id: 'cart/0' }, typeUrl: CDS });
  assert.deepEqual(
    (await stream.receive()).resources.map((r) => r.name),
    ['cart'],
  );
  const other = new DeltaStream(client);
  other.send({ node: { id: 'pay/0' }, typeUrl: CDS });
  assert.match((await other.ended).details, /not authorised to be pay\/0/);
  assert.match((await umbra('xds', 'status', '--xds', shown)).out, /^cart\/0 +CDS 1 \(1 not acknowledged\)/m);
});

const wrong: [what: string, args: string[], code: number, said: RegExp][] = [
  ['no files', ['xds'], 2, /Usage: umbra xds/],
  ['a file that is not there', ['xds', '-f', '/nowhere.yaml'], 1, /UMB0102 .*\/nowhere.yaml: ENOENT/],
  ['half of the certificates', ['xds', '-f', '/', '--tls-cert', '/x'], 1, /UMB0308/],
  ['nobody there', ['xds', 'status', '--xds', 'unix:/nowhere'], 1, /UMB0802 .*unix:\/nowhere/],
];
for (const [what, args, code, said] of wrong)
  test(`umbra xds: ${what}`, async () => {
    const ended = await umbra(...args);
    assert.equal(ended.code, code);
    assert.match(ended.err, said);
  });

test('--check says what could be served without serving it, and what a node nobody knows is', async (t) => {
  const s = await standalone(t, sound);
  assert.match((await umbra('xds', '-f', s.file, '--check')).out, /4 resources in 1 file can be served/);
  const unknown = await umbra('xds', 'dump', 'nobody', '--xds', s.address);
  assert.match(unknown.err, /UMB0804 .*no node nobody/);
  s.write([routesTo('elsewhere')]);
  assert.equal((await umbra('xds', '-f', s.file, '--check')).code, 1);
  assert.equal((await umbra('xds', '-f', s.file, '--check', '--elsewhere', 'elsewhere')).code, 0);
});
