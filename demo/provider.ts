import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from './services/ids.ts';
import { serviceTime } from './services/work.ts';

/** Where `umbra-demo provider` listens, as app.yaml says. */
export const PROVIDER_PORT = 7411;
const MEAN_MS = 10;
const MAX_KEPT = 50_000;

export interface RunningProvider {
  readonly port: number;
  /** Charges made, by idempotency-key. */
  readonly charges: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

/**
 * The payment provider: somebody else's service, outside the application and outside of Umbra. `POST /charges` with an
 * idempotency-key charges once and answers `{id, status, amount, reference}`.
 */
export async function startProvider(port = 0): Promise<RunningProvider> {
  const charges = new Map<string, string>();
  const respond = async (req: IncomingMessage, res: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk);
    const answer = (status: number, body: unknown) => {
      const payload = JSON.stringify(body);
      res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) });
      res.end(payload);
    };
    if (req.url === '/healthz') return answer(200, { provider: true });
    if (req.method !== 'POST' || req.url !== '/charges') return answer(404, { error: 'no such thing' });
    const key = req.headers['idempotency-key'];
    let body: { amount?: unknown; reference?: unknown } | null;
    try {
      body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    } catch {
      return answer(400, { error: 'the body is no JSON' });
    }
    if (typeof key !== 'string' || !Number.isInteger(body?.amount))
      return answer(400, { error: 'an idempotency-key and an amount are needed' });
    await sleep(serviceTime(MEAN_MS));
    const known = charges.get(key);
    const id = known ?? newId('ch');
    charges.set(key, id);
    if (charges.size > MAX_KEPT) charges.delete(charges.keys().next().value!);
    return answer(known ? 200 : 201, { id, status: 'charged', amount: body!.amount, reference: body!.reference });
  };
  const server = createServer({ keepAliveTimeout: 0 }, (req, res) => {
    // Whoever asked is gone before all of it came.
    respond(req, res).catch(() => res.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    charges,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
