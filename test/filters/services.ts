import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  method: string;
  url: string;
  headers: Record<string, string | string[] | undefined>;
  trailers: Record<string, string | undefined>;
  body: string;
}

/** A local HTTP server that keeps what it received. */
export interface Service {
  readonly port: number;
  readonly received: Received[];
  /** Resolves once at least `n` requests were received. */
  arrived(n: number): Promise<void>;
  stop(): Promise<void>;
}

export type Handler = (received: Received, res: ServerResponse) => void;

export async function serve(handler: Handler): Promise<Service> {
  const received: Received[] = [];
  const waiting: { n: number; resolve: () => void }[] = [];
  const server = createServer((req: IncomingMessage, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('error', () => {});
    req.on('end', () => {
      const one = {
        method: req.method ?? '',
        url: req.url ?? '',
        headers: req.headers,
        trailers: req.trailers,
        body: Buffer.concat(chunks).toString('latin1'),
      };
      received.push(one);
      handler(one, res);
      for (const w of waiting) if (received.length >= w.n) w.resolve();
    });
  });
  // A connection that Envoy is about to use again must not be closed under it, however busy the machine is.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    received,
    arrived(n) {
      if (received.length >= n) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ n, resolve }));
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** One request on a connection of its own; rejects if the connection breaks. */
export function send(
  port: number,
  path: string,
  options: {
    method?: string;
    headers?: Record<string, string>;
    body?: string | string[];
    trailers?: Record<string, string>;
  } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request(
      { host: '127.0.0.1', port, path, method: options.method ?? 'GET', headers: options.headers, agent: false },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('error', reject);
        res.on('end', () =>
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers,
            body: Buffer.concat(chunks).toString('latin1'),
          }),
        );
      },
    );
    req.on('error', reject);
    for (const part of Array.isArray(options.body) ? options.body : options.body ? [options.body] : []) req.write(part);
    if (options.trailers) req.addTrailers(options.trailers);
    req.end();
  });
}
