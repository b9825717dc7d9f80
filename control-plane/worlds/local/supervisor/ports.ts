import { createServer } from 'node:net';
import { UmbraError } from '../../../mesh/errors.ts';

/** Below Linux' default ephemeral range (32768–60999), so that no client socket takes a port between choice and use. */
const FIRST = 20_000;
const LAST = 32_000;

/** Whether `port` can be listened on now. */
function portIsFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Hands out ports, each once in its life: production's and the shadow's numbers never meet, although their network namespaces
 * differ, so that an attempt to reach production from the shadow can be told by its port.
 */
export class PortAllocator {
  #next: number;
  readonly #taken = new Set<number>();
  /** @param start where to begin looking; differing starts keep two applications apart */
  constructor(start: number) {
    this.#next = FIRST + (Math.abs(start) % (LAST - FIRST));
  }
  /** Never hands out `port`. */
  reserve(port: number): void {
    this.#taken.add(port);
  }
  /** The port asked for, or a free one where none (or 0) is. @throws UmbraError UMB0401, naming `what` it was for */
  async given(port: number | undefined, what: string): Promise<number> {
    if (port === undefined || port === 0) return this.free();
    if (!(await portIsFree(port))) throw new UmbraError('UMB0401', `${what} 127.0.0.1:${port}`);
    this.reserve(port);
    return port;
  }
  /** A port that nobody listens on. */
  async free(): Promise<number> {
    for (let tries = 0; tries < LAST - FIRST; tries++) {
      const port = this.#next;
      this.#next = this.#next + 1 >= LAST ? FIRST : this.#next + 1;
      if (this.#taken.has(port)) continue;
      if (!(await portIsFree(port))) continue;
      this.#taken.add(port);
      return port;
    }
    throw new Error(`no free port between ${FIRST} and ${LAST}`);
  }
}
