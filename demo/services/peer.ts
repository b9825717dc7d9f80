import { Agent, request } from 'node:http';

/** An answer of a peer, its JSON body parsed; `body` is undefined where there was none or it was no JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A peer that could not be reached or hung up. */
export class PeerError extends Error {
  constructor(peer: string, cause: unknown) {
    super(`${peer}: ${(cause as Error)?.message ?? cause}`, { cause });
    this.name = 'PeerError';
  }
}

export interface CallOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** The last resort; how long a call may take is the sidecar's business. */
const GIVE_UP_MS = 15_000;

/** A service or provider called over plain HTTP, with connections kept alive. */
export class Peer {
  readonly name: string;
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 128, maxFreeSockets: 8 });

  constructor(name: string, url: string) {
    this.name = name;
    this.#url = url;
  }

  /** @throws PeerError */
  call(path: string, options: CallOptions = {}): Promise<Answer> {
    const payload = options.body === undefined ? undefined : JSON.stringify(options.body);
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown) => reject(new PeerError(this.name, cause));
      const req = request(
        new URL(path, this.#url),
        {
          method: options.method ?? 'GET',
          agent: this.#agent,
          timeout: GIVE_UP_MS,
          headers: {
            ...options.headers,
            ...(payload === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
          },
        },
        (res) => {
          const chunks: Buffer[] = [];
          res.on('data', (chunk: Buffer) => chunks.push(chunk));
          res.on('error', fail);
          res.on('end', () => resolve({ status: res.statusCode ?? 0, body: parseJson(Buffer.concat(chunks)) }));
        },
      );
      req.on('timeout', () => req.destroy(new Error(`no answer within ${GIVE_UP_MS} ms`)));
      req.on('error', fail);
      req.end(payload);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
