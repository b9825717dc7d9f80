import { rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { pipeline } from 'node:stream';

export interface RelayOptions {
  /** The Unix socket in the shadow's folder. */
  readonly socket: string;
  /** `http://host:port` outside. */
  readonly url: string;
  /** GET, HEAD and OPTIONS only: anything else is refused here, outside the shadow, whatever the shadow's mock does. */
  readonly safeOnly: boolean;
}

export interface Relay {
  /** Requests refused because they could change something. */
  refused(): number;
  close(): Promise<void>;
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
const WITHIN_MS = 30_000;

/** Passes HTTP requests from a Unix socket to one address outside the shadow: the only way out, and only for what is declared. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  let refused = 0;
  const target = new URL(options.url);
  const server = createServer((incoming, outgoing) => {
    if (options.safeOnly && !SAFE.has(incoming.method ?? '')) {
      refused++;
      incoming.resume();
      outgoing.writeHead(403, { 'content-type': 'text/plain' }).end('read-only from the shadow\n');
      return;
    }
    const passed = request(
      {
        host: target.hostname,
        port: target.port || 80,
        method: incoming.method,
        path: incoming.url,
        headers: { ...incoming.headers, host: target.host },
        timeout: WITHIN_MS,
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        // An answer that breaks off does so for who asked as well.
        pipeline(answer, outgoing, () => {});
      },
    );
    passed.once('timeout', () => passed.destroy());
    passed.once('error', () => {
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(502).end();
    });
    incoming.pipe(passed);
  });
  rmSync(options.socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.socket, resolve);
  });
  return {
    refused: () => refused,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
