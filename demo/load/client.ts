import { Agent, request } from 'node:http';
import type { Shot } from './mix.ts';

/** How one request ended: undefined = as asked for, else what was wrong. */
export type Ending = string | undefined;

/** A client that opens as many connections as it takes: a server that stalls holds nothing back. */
export class LoadClient {
  readonly #url: URL;
  readonly #giveUpMs: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 64 });

  constructor(url: string, giveUpMs: number) {
    this.#url = new URL(url);
    this.#giveUpMs = giveUpMs;
  }

  /** Sends and waits for the whole answer. Never rejects. */
  send(shot: Shot): Promise<Ending> {
    return new Promise((resolve) => {
      const req = request(
        {
          agent: this.#agent,
          host: this.#url.hostname,
          port: this.#url.port,
          method: shot.method,
          path: shot.path,
          headers: {
            ...shot.headers,
            ...(shot.body === undefined ? {} : { 'content-length': Buffer.byteLength(shot.body) }),
          },
          signal: AbortSignal.timeout(this.#giveUpMs),
        },
        (res) => {
          const chunks: Buffer[] = [];
          res.on('data', (chunk: Buffer) => chunks.push(chunk));
          res.on('error', (e) => resolve(nameOf(e)));
          res.on('end', () => {
            if (res.statusCode !== shot.expect) return resolve(String(res.statusCode));
            shot.learn?.({ headers: res.headers, body: Buffer.concat(chunks).toString('utf8') });
            resolve(undefined);
          });
        },
      );
      req.on('error', (e) => resolve(nameOf(e)));
      req.end(shot.body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function nameOf(error: Error & { code?: string }): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'timeout';
  return error.code ?? error.name;
}
