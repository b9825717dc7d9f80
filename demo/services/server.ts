import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { listenForControl } from '../control-socket.ts';
import { parseAffliction } from './affliction.ts';
import { Ailment } from './ailment.ts';
import { Peer, PeerError } from './peer.ts';
import { QueueFull, WorkerPool } from './pool.ts';
import { router } from './router.ts';
import { Refusal, type Reply, type ServiceDefinition } from './service.ts';
import { doWork } from './work.ts';

export interface ServerOptions {
  readonly name: string;
  readonly port: number;
  /** Default loopback. */
  readonly host?: string;
  readonly data: string;
  readonly replica: string;
  /** Base addresses of the peers it may call. */
  readonly peers: Readonly<Record<string, string>>;
  readonly ailment?: Ailment;
}

export interface RunningServer {
  readonly port: number;
  readonly pool: WorkerPool;
  close(): Promise<void>;
}

const MAX_BODY = 64 * 1024;
/** The file name of the control socket in a replica's data folder. */
export const CONTROL_SOCKET = 'control.sock';

/** Serves one replica: health at /healthz outside the pool, everything else through the workers and their queue. */
export async function serve(definition: ServiceDefinition, options: ServerOptions): Promise<RunningServer> {
  const peers = Object.entries(options.peers).map(([name, url]): [string, Peer] => [name, new Peer(name, url)]);
  const byName = new Map(peers);
  const routes = router(
    definition.start({
      data: options.data,
      replica: options.replica,
      peer: (name) => {
        const peer = byName.get(name);
        if (!peer) throw new Error(`${options.name} was not given the address of ${name}`);
        return peer;
      },
    }),
  );
  const pool = new WorkerPool(definition.workers, definition.queue);
  const ailment = options.ailment ?? new Ailment();

  const answer = async (req: IncomingMessage): Promise<Reply | undefined> => {
    const url = new URL(req.url ?? '/', 'http://service');
    if (url.pathname === '/healthz') return { status: 200, body: { service: options.name, replica: options.replica } };
    const body = await readJson(req);
    if (ailment.takes()) return undefined;
    const method = req.method ?? 'GET';
    const match = routes(method, url.pathname);
    if (match === undefined) return { status: 404, body: { error: `no ${url.pathname} here` } };
    if (match === 'method') return { status: 405, body: { error: `no ${method} here` } };
    return pool.run(async () => {
      if ((await ailment.befall(pool.waiting)) === 'fail') return { status: 500, body: { error: 'internal error' } };
      await doWork(definition.work, url.pathname);
      return match.handle({
        method,
        path: url.pathname,
        query: url.searchParams,
        params: match.params,
        headers: req.headers,
        body,
      });
    });
  };

  // Which of two idle ends closes first is a race that costs a request; the client's end decides here.
  const server = createServer({ keepAliveTimeout: 0 }, (req, res) => {
    answer(req).then(
      (reply) => reply && send(res, reply),
      (error) => send(res, failure(error, options.name)),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host ?? '127.0.0.1', () => resolve());
  });
  const control = await listenForControl(join(options.data, CONTROL_SOCKET), (line) => {
    const affliction = parseAffliction(line);
    if (typeof affliction === 'string') return affliction;
    return { undo: ailment.add(affliction), answer: { service: options.name, replica: options.replica } };
  });
  return {
    port: (server.address() as AddressInfo).port,
    pool,
    close: async () => {
      await control.close();
      ailment.clear();
      for (const peer of byName.values()) peer.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function send(res: ServerResponse, reply: Reply): void {
  if (res.destroyed || res.headersSent) return;
  const payload = reply.body === undefined ? '' : JSON.stringify(reply.body);
  res.writeHead(reply.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(payload),
    ...reply.headers,
  });
  res.end(payload);
}

/** As ordinary code does it: a full queue is 503, a peer that failed is 502, the rest is 500 with the reason in the log. */
function failure(error: unknown, name: string): Reply {
  if (error instanceof QueueFull) return { status: 503, body: { error: 'too busy' } };
  if (error instanceof Refusal) return { status: error.status, body: { error: error.message } };
  if (error instanceof PeerError) return { status: 502, body: { error: error.message } };
  console.error(`${name}: ${(error as Error)?.stack ?? error}`);
  return { status: 500, body: { error: 'internal error' } };
}

async function readJson(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Refusal(413, `at most ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Refusal(400, 'the body is no JSON');
  }
}
