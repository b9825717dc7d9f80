import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface BalancerOptions {
  readonly timeoutMs: number;
  readonly retries: number;
}

/** What a sidecar does at rest, and nothing more: round robin over endpoints, a time-out and retries. */
export interface Balancer {
  readonly url: string;
  /** Ports on loopback. Changed as replicas come and go. */
  endpoints: number[];
  close(): Promise<void>;
}

interface Got {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** Starts one on a free port. A try that fails or times out is repeated on the next endpoint; the last answer is passed on. */
export async function startBalancer(options: BalancerOptions): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true });
  let turn = 0;
  const send = (port: number, method: string, path: string, headers: Got['headers'], body: Buffer): Promise<Got> =>
    new Promise((resolve) => {
      const fail = (status: number) => resolve({ status, headers: {}, body: Buffer.alloc(0) });
      const req = request({ agent, host: '127.0.0.1', port, method, path, headers }, (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('error', () => fail(503));
        res.on('end', () => {
          clearTimeout(timer);
          resolve({ status: res.statusCode!, headers: res.headers, body: Buffer.concat(chunks) });
        });
      });
      const timer = setTimeout(() => {
        fail(504);
        req.destroy();
      }, options.timeoutMs);
      req.on('error', () => {
        clearTimeout(timer);
        fail(503);
      });
      req.end(body);
    });
  const server = createServer({ keepAliveTimeout: 0 }, async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    let got: Got = { status: 503, headers: {}, body: Buffer.alloc(0) };
    for (let attempt = 0; attempt <= options.retries; attempt++) {
      const port = balancer.endpoints[turn++ % Math.max(1, balancer.endpoints.length)];
      if (port === undefined) break;
      got = await send(port, req.method!, req.url!, { ...req.headers, 'content-length': String(body.length) }, body);
      if (got.status < 500) break;
    }
    if (!res.destroyed) res.writeHead(got.status, got.headers).end(got.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const balancer: Balancer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    endpoints: [],
    close: async () => {
      agent.destroy();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return balancer;
}
