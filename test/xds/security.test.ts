import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect as connectPlain } from 'node:net';
import type { TestContext } from 'node:test';
import { before, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import { wallClock } from '../../control-plane/mesh/clock.ts';
import { UmbraError } from '../../control-plane/mesh/errors.ts';
import type { ListenOptions, ManagementServerOptions } from '../../control-plane/xds/index.ts';
import { byCertificate, Credentials } from '../../control-plane/xds/index.ts';
import type { Issued } from './authority.ts';
import { Authority } from './authority.ts';
import { DeltaStream } from './client.ts';
import { CDS, fixture, RTDS, resource, texts } from './fixture.ts';

const CART = 'spiffe://mesh/production/cart';
const node = { id: 'production/cart/0' };
let authority: Authority;
let other: Authority;
let cart: Issued;
before(async () => {
  [authority, other] = await Promise.all([Authority.create('ours'), Authority.create('other')]);
  cart = await authority.spiffe(CART);
});

/** A server on a port with mutual TLS, and clients for it. */
async function secured(
  t: TestContext,
  options: Partial<ListenOptions> = {},
  serverOptions: Partial<ManagementServerOptions> = {},
) {
  const f = await fixture(t, serverOptions);
  const tls = options.tls ?? new Credentials(await authority.server(), wallClock);
  const { address } = await f.server.listen({ address: '127.0.0.1:0', scope: 'production', ...options, tls });
  f.server.set(node.id, [resource(CDS, 'a')]);
  const clients: grpc.Client[] = [];
  return {
    ...f,
    clients,
    tls,
    address,
    port: Number(address.slice(address.lastIndexOf(':') + 1)),
    stream(issued?: Issued, trusting = authority, nodeId = node.id) {
      const credentials = grpc.credentials.createSsl(trusting.pem, issued?.key ?? null, issued?.certificate ?? null);
      const client = new grpc.Client(address, credentials, {
        'grpc.ssl_target_name_override': 'localhost',
        'grpc.use_local_subchannel_pool': 1,
      });
      f.adopt(client);
      clients.push(client);
      const stream = new DeltaStream(client);
      stream.send({ node: { id: nodeId }, typeUrl: CDS });
      return stream;
    },
  };
}

const closed = (socket: Socket) =>
  new Promise<void>((resolve) => {
    socket.on('error', () => {});
    socket.once('close', () => resolve());
    socket.resume();
  });

test('who comes with a certificate of ours is served', async (t) => {
  const f = await secured(t);
  assert.deepEqual(texts((await f.stream(cart).receive()).resources), ['a=1']);
});

test('an answer of many parts arrives whole, and the next one after it', async (t) => {
  const f = await secured(t);
  const names = Array.from({ length: 20 }, (_, i) => `c${i}`);
  const long = 'x'.repeat(20_000);
  const large = names.map((name) => resource(CDS, name, long));
  f.server.set(node.id, large);
  const stream = f.stream(cart);
  const first = await stream.receive();
  stream.ack(first);
  assert.deepEqual(texts(first.resources), names.map((name) => `${name}=${long}`).sort());
  f.server.set(node.id, [...large, resource(CDS, 'one more')]);
  assert.deepEqual(texts((await stream.receive()).resources), ['one more=1']);
});

test('who comes with none, or with one of somebody else, is not let in', async (t) => {
  const f = await secured(t);
  for (const issued of [undefined, await other.spiffe(CART), await authority.spiffe(CART, { to: -1000 })])
    assert.equal((await f.stream(issued).ended).code, grpc.status.UNAVAILABLE);
  assert.equal(f.server.status().filter((n) => n.connected).length, 0);
});

test('a node id has to be covered by the certificate; a false claim is served nothing and audited once', async (t) => {
  const f = await secured(t);
  f.server.set('production/bank/0', [resource(CDS, 'secret')]);
  for (let i = 0; i < 3; i++) {
    const ended = await f.stream(cart, authority, 'production/bank/0').ended;
    assert.equal(ended.code, grpc.status.PERMISSION_DENIED);
    assert.match(ended.details, /spiffe:\/\/mesh\/production\/cart does not cover it/);
  }
  assert.deepEqual(
    f.audit.map((a) => [a.kind, a.code, a.nodeId]),
    [['unauthorised', 'UMB0306', 'production/bank/0']],
  );
  assert.equal(f.server.counters.pushes, 0);
});

test('certificates that prove nobody’s identity cover nothing', async (t) => {
  const f = await secured(t);
  for (const order of [
    { uris: [] },
    { uris: [CART, 'spiffe://mesh/production/bank'] },
    { uris: ['https://mesh/production/cart'] },
    { uris: [CART], authority: true },
  ]) {
    const ended = await f.stream(await authority.issue('cart', order)).ended;
    assert.equal(ended.code, grpc.status.PERMISSION_DENIED, JSON.stringify(order));
  }
});

test('other rules of who may be which node can be given', async (t) => {
  const f = await secured(t, { authorise: byCertificate({ trustDomains: ['elsewhere'] }) });
  assert.match((await f.stream(cart).ended).details, /trust domain/);
});

test('the server’s certificate is replaced without a restart: streams go on, new connections see the new one', async (t) => {
  const f = await secured(t);
  const stream = f.stream(cart);
  stream.ack(await stream.receive());
  const fingerprint = async () => {
    const socket: TLSSocket = connectTls({
      port: f.port,
      ca: authority.pem,
      servername: 'localhost',
      ALPNProtocols: ['h2'],
    });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    const gone = closed(socket);
    const seen = socket.getPeerX509Certificate()!.fingerprint256;
    socket.destroy();
    await gone;
    return seen;
  };
  const first = await fingerprint();
  f.tls.replace(await authority.server());
  assert.notEqual(await fingerprint(), first);
  f.server.set(node.id, [resource(CDS, 'a', '2')]);
  assert.deepEqual(texts((await stream.receive()).resources), ['a=2']);
});

test('when the authorities change, who was believed has to prove itself anew', async (t) => {
  const f = await secured(t, { renewalMs: 0 });
  const stream = f.stream(cart);
  await stream.receive();
  f.tls.replace({ ...(await other.server()) });
  const ended = await stream.ended;
  assert.deepEqual(
    [ended.code, ended.details],
    [grpc.status.UNAVAILABLE, 'the authorities have changed: connect again'],
  );
  assert.equal(
    (await f.stream(cart, other).ended).code,
    grpc.status.UNAVAILABLE,
    'the former authority counts no more',
  );
  const renewed = f.stream(await other.spiffe(CART), other);
  assert.deepEqual(texts((await renewed.receive()).resources), ['a=1']);
});

test('a resumed session does not get past a change of the authorities', async (t) => {
  const f = await secured(t, { renewalMs: 0 });
  const open = (session?: Buffer) =>
    connectTls({
      port: f.port,
      ca: [authority.pem, other.pem],
      key: cart.key,
      cert: cart.certificate,
      servername: 'localhost',
      ALPNProtocols: ['h2'],
      ...(session ? { session } : {}),
    });
  const first = open();
  const session = await new Promise<Buffer>((resolve) => first.once('session', resolve));
  const again = open(session);
  // The server's first bytes show that it let the client in.
  await new Promise((resolve) => again.once('data', resolve));
  const gone = [closed(first), closed(again)];
  f.tls.replace(await other.server());
  const late = open(session);
  let served = false;
  late.on('data', () => (served = true));
  await closed(late);
  assert.equal(served, false);
  await Promise.all(gone);
});

test('a handshake that began under other authorities is not finished', async (t) => {
  const f = await secured(t);
  const accepted = connectPlain({ port: f.port, host: '127.0.0.1' });
  await once(accepted, 'connect');
  // What comes after it was accepted after it.
  await f.stream(cart).receive();
  const gone = closed(accepted);
  f.tls.replace(await other.server());
  await gone;
});

test('closing waits for no handshake', async (t) => {
  const f = await secured(t);
  const stuck = connectPlain({ port: f.port, host: '127.0.0.1' });
  await once(stuck, 'connect');
  await f.stream(cart).receive();
  for (const client of f.clients) client.close();
  const gone = closed(stuck);
  await f.server.close();
  await gone;
});

test('a certificate that is taken back is refused', async (t) => {
  const f = await secured(t, { renewalMs: 0 });
  const bank = await authority.spiffe('spiffe://mesh/production/bank');
  f.server.set('production/bank/0', []);
  const stream = f.stream(cart);
  await stream.receive();
  f.tls.replace({ ...f.tls.material, revoked: await authority.revoke(cart) });
  assert.equal((await stream.ended).code, grpc.status.UNAVAILABLE);
  assert.equal((await f.stream(cart).ended).code, grpc.status.UNAVAILABLE);
  await f.stream(bank, authority, 'production/bank/0').receive();
});

test('a connection does not outlive its certificate', async (t) => {
  let ahead = 0;
  const clock = { ...wallClock, now: () => Date.now() + ahead };
  const f = await secured(t, {}, { clock });
  const stream = f.stream(cart);
  await stream.receive();
  ahead = 2 * 3_600_000;
  const ended = await stream.ended;
  assert.deepEqual([ended.code, ended.details], [grpc.status.UNAVAILABLE, 'the certificate has expired']);
});

test('a credential narrows the scope of its listener, and cannot widen it', async (t) => {
  const fault = resource(RTDS, 'fault', '1', { scope: 'shadow' });
  for (const [scope, scopeOf, expected] of [
    ['shadow', 'production', []],
    ['shadow', 'shadow', ['fault=1']],
    ['production', 'shadow', []],
  ] as const) {
    const f = await secured(t, { scope, scopeOf: () => scopeOf });
    f.server.set(node.id, [fault]);
    const stream = f.stream(cart);
    stream.send({ typeUrl: RTDS });
    let answer = await stream.receive();
    if (answer.typeUrl === CDS) answer = await stream.receive();
    assert.deepEqual(texts(answer.resources), expected, `${scope} listener, ${scopeOf} credential`);
  }
});

test('one identity gets neither all connections nor all streams', async (t) => {
  const f = await secured(t, {}, { limits: { connectionsPerIdentity: 2, streamsPerIdentity: 1 } });
  const bank = await authority.spiffe('spiffe://mesh/production/bank');
  f.server.set('production/bank/0', []);
  const first = f.stream(cart);
  await first.receive();
  assert.equal((await f.stream(cart).ended).code, grpc.status.RESOURCE_EXHAUSTED);
  assert.equal((await f.stream(cart).ended).code, grpc.status.UNAVAILABLE, 'a third connection');
  await f.stream(bank, authority, 'production/bank/0').receive();
  const gone = f.next('disconnect');
  first.close();
  await gone;
  const again = new DeltaStream(f.clients[0]!);
  again.send({ node, typeUrl: CDS });
  await again.receive();
});

test('a client that negotiates no protocol is taken for what it is', async (t) => {
  const f = await secured(t);
  const socket = connectTls({
    port: f.port,
    ca: authority.pem,
    key: cart.key,
    cert: cart.certificate,
    servername: 'localhost',
  });
  t.after(() => socket.destroy());
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  assert.equal(answer[3], 4, 'a SETTINGS frame');
});

test('plaintext stays on this machine unless it is meant', async (t) => {
  const f = await fixture(t);
  for (const address of ['0.0.0.0:0', '[::]:0', '192.0.2.1:0'])
    await assert.rejects(
      f.server.listen({ address, scope: 'production' }),
      (error) => error instanceof UmbraError && error.code === 'UMB0307' && error.message.includes('plaintext'),
      address,
    );
  await f.server.listen({ address: '0.0.0.0:0', scope: 'production', plaintext: 'anywhere' });
  const tls = new Credentials(await authority.server(), wallClock);
  await f.server.listen({ address: '0.0.0.0:0', scope: 'production', tls });
  await f.server.listen({ address: 'localhost:0', scope: 'production' });
});

test('other services have rules of their own', async (t) => {
  const asIs = (b: Buffer) => b;
  const method = (name: string, stream: boolean) => ({
    path: `/test.Echo/${name}`,
    requestStream: stream,
    responseStream: stream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  });
  const services: ListenOptions['services'] = [
    {
      definition: { Once: method('Once', false), Often: method('Often', true) },
      implementation: {
        Once: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) =>
          done(null, call.request),
        Often: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
          call.on('data', (message: Buffer) => call.write(message));
          call.on('end', () => call.end());
        },
      },
      authorise: ({ identity }) => (identity?.spiffeId?.path[0] === 'operator' ? undefined : 'for operators'),
    },
  ];
  const f = await secured(t, { services });
  const statuses = async (issued: Issued) => {
    const client = new grpc.Client(
      f.address,
      grpc.credentials.createSsl(authority.pem, issued.key, issued.certificate),
      {
        'grpc.ssl_target_name_override': 'localhost',
      },
    );
    const once = await new Promise<number>((resolve) =>
      client.makeUnaryRequest('/test.Echo/Once', asIs, asIs, Buffer.from('x'), (error) => resolve(error?.code ?? 0)),
    );
    const often = await new Promise<number>((resolve) => {
      const call = client.makeBidiStreamRequest('/test.Echo/Often', asIs, asIs);
      call.on('data', () => {});
      call.on('error', () => {});
      call.on('status', (status) => resolve(status.code));
      call.end(Buffer.from('x'));
    });
    client.close();
    return [once, often];
  };
  assert.deepEqual(await statuses(await authority.spiffe('spiffe://mesh/operator/eve')), [0, 0]);
  const { PERMISSION_DENIED } = grpc.status;
  assert.deepEqual(await statuses(cart), [PERMISSION_DENIED, PERMISSION_DENIED]);
});
