import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { after, test } from 'node:test';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { describeCheck, type HealthCheck, healthCheckOf } from './health-check.ts';
import { probe } from './probe.ts';

/** None of the answers is one of patience. */
const PATIENCE_MS = 60_000;
const servers: Server[] = [];
const health = new HealthImplementation({ '': 'SERVING', 'shop.Orders': 'NOT_SERVING' });
const grpc = new GrpcServer();
health.addToServer(grpc);
after(() => {
  grpc.forceShutdown();
  for (const server of servers) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** `/healthz` answers 200, all else 503. */
const answer = (path: string | undefined) => (path === '/healthz' ? 200 : 503);
const ports = {
  http: await listening(createServer((req, res) => void res.writeHead(answer(req.url)).end())),
  http2: await listening(createHttp2Server((req, res) => void res.writeHead(answer(req.url)).end())),
  grpc: await new Promise<number>((resolve, reject) =>
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (e, port) => (e ? reject(e) : resolve(port))),
  ),
  /** Of tcpmux, which nobody runs; a free port could be somebody's by then. */
  nobody: 1,
};

const http = (path: string, http2 = false): HealthCheck => ({ kind: 'http', path, http2 });
const cases: [at: keyof typeof ports, check: HealthCheck, passes: boolean][] = [
  ['http', { kind: 'connect' }, true],
  ['http', http('/healthz'), true],
  ['http', http('/elsewhere'), false],
  ['http', http('/healthz', true), false],
  ['http', { kind: 'grpc', service: '' }, false],
  ['http2', http('/healthz', true), true],
  ['http2', http('/elsewhere', true), false],
  ['http2', http('/healthz'), false],
  ['grpc', { kind: 'grpc', service: '' }, true],
  ['grpc', { kind: 'grpc', service: 'shop.Orders' }, false],
  ['grpc', { kind: 'grpc', service: 'shop.Unknown' }, false],
  ['nobody', { kind: 'connect' }, false],
  ['nobody', http('/healthz'), false],
  ['nobody', http('/healthz', true), false],
  ['nobody', { kind: 'grpc', service: '' }, false],
];
for (const [at, check, passes] of cases)
  test(`${JSON.stringify(check)} at ${at}: ${passes}`, async () =>
    assert.equal(await probe(ports[at], check, PATIENCE_MS), passes));

test('a service that takes up serving passes the next time it is asked', async () => {
  health.setStatus('shop.Orders', 'SERVING');
  assert.equal(await probe(ports.grpc, { kind: 'grpc', service: 'shop.Orders' }, PATIENCE_MS), true);
});

test('the check a document declares', () => {
  assert.deepEqual(healthCheckOf(undefined, 'grpc'), { kind: 'connect' });
  assert.deepEqual(healthCheckOf({ path: '/h' }), http('/h'));
  assert.deepEqual(healthCheckOf({ path: '/h' }, 'http'), http('/h'));
  assert.deepEqual(healthCheckOf({ path: '/h' }, 'http2'), http('/h', true));
  assert.deepEqual(healthCheckOf({ grpc: '' }, 'grpc'), { kind: 'grpc', service: '' });
  assert.equal(describeCheck({ kind: 'grpc', service: 'a.B' }), "gRPC's health check of a.B");
  assert.equal(describeCheck({ kind: 'grpc', service: '' }), "gRPC's health check");
});
