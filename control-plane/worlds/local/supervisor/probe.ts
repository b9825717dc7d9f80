import { request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { wallClock } from '../../../mesh/clock.ts';
import type { HealthCheck } from './health-check.ts';

const WITHIN_MS = 1000;
const HOST = '127.0.0.1';

/** Whether what listens on loopback passes the check within a second. Never rejects. */
export function probe(port: number, check: HealthCheck, withinMs = WITHIN_MS): Promise<boolean> {
  switch (check.kind) {
    case 'connect':
      return connects(port, withinMs);
    case 'http':
      return check.http2
        ? answersHttp2(port, check.path, withinMs)
        : answersHttp({ port, host: HOST, path: check.path }, withinMs, below400);
    case 'grpc':
      return serves(port, check.service, withinMs);
  }
}

/** Whether an Envoy has been served all it waits for: its admin interface answers `/ready` with 200 then. */
export function proxyIsLive(adminSocket: string): Promise<boolean> {
  return answersHttp({ socketPath: adminSocket, path: '/ready' }, WITHIN_MS, (status) => status === 200);
}

const below400 = (status: number) => status < 400;

function connects(port: number, timeout: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: HOST, timeout });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}

type Where = { readonly path: string } & ({ readonly port: number; readonly host: string } | { socketPath: string });

function answersHttp(where: Where, timeout: number, good: (status: number) => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const outgoing = request({ ...where, agent: false, timeout }, (answer) => {
      answer.resume();
      resolve(good(answer.statusCode ?? 500));
    });
    outgoing.once('timeout', () => outgoing.destroy());
    outgoing.once('error', () => resolve(false));
    outgoing.end();
  });
}

function answersHttp2(port: number, path: string, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const session = connectHttp2(`http://${HOST}:${port}`);
    const end = (answer: boolean) => {
      session.destroy();
      resolve(answer);
    };
    session.setTimeout(withinMs, () => end(false));
    session.once('error', () => end(false));
    session.once('close', () => end(false));
    const stream = session.request({ ':path': path });
    stream.once('error', () => end(false));
    stream.once('response', (headers) => end(below400(headers[':status'] ?? 500)));
  });
}

/** The libraries are loaded by those alone who have such a service. */
async function serves(port: number, service: string, withinMs: number): Promise<boolean> {
  const { Client, credentials } = await import('@grpc/grpc-js');
  const check = (await import('grpc-health-check')).service.Check!;
  const client = new Client(`${HOST}:${port}`, credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    // A pool of all clients would wait longer from try to try; a probe's failures are to be forgotten.
    'grpc.use_local_subchannel_pool': 1,
  });
  try {
    return await new Promise<boolean>((resolve) => {
      client.makeUnaryRequest(
        check.path,
        check.requestSerialize,
        check.responseDeserialize,
        { service },
        { deadline: wallClock.now() + withinMs },
        (error, answer) => resolve(!error && (answer as { status?: string }).status === 'SERVING'),
      );
    });
  } finally {
    client.close();
  }
}
