import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** Stands between the proxy and its control plane, on Unix sockets, so that connections can be lost while both live on. */
export class Relay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(from: string, to: string) {
    this.#server = createServer((near) => {
      const far = connect(to);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => {}); // It is closed as well, which is handled.
        one.on('close', () => {
          this.#sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
    this.#server.listen(from);
  }

  /** Resolves when it listens at `from`; what connects there is connected to `to`. */
  static async start(from: string, to: string): Promise<Relay> {
    const relay = new Relay(from, to);
    await new Promise((resolve, reject) => relay.#server.once('listening', resolve).once('error', reject));
    return relay;
  }

  /** Ends every connection, with what is on it. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }
}
