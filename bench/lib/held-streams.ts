import { once } from 'node:events';
import { type ClientHttp2Session, connect, createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';

const PER_SESSION = 1000;
/** Node ends a session above this, MB; a thousand streams of it take a few. */
const MEMORY = { maxSessionMemory: 1000 };

/** HTTP/2 streams to a local port whose requests begin and never end. */
export class HeldStreams {
  private readonly sessions: ClientHttp2Session[] = [];
  private readonly port: number;
  private readonly headers: Readonly<Record<string, string>>;
  private held = 0;

  constructor(port: number, headers: Readonly<Record<string, string>>) {
    this.port = port;
    this.headers = headers;
  }

  /** Opens more until there are `n`. Their requests are on the way when this returns, not necessarily there. */
  async grow(n: number): Promise<void> {
    while (this.held < n) {
      let session = this.sessions[Math.floor(this.held / PER_SESSION)];
      if (!session) {
        session = connect(`http://127.0.0.1:${this.port}`, MEMORY);
        // Whoever loads the same port is told that it is gone.
        session.on('error', () => {});
        // The settings say how many streams there may be.
        await once(session, 'remoteSettings');
        this.sessions.push(session);
      }
      // Closing a session ends its streams with an error each, as is meant.
      session.request(this.headers, { endStream: false }).on('error', () => {});
      this.held++;
    }
  }

  async close(): Promise<void> {
    await Promise.all(
      this.sessions.map((session) => {
        const closed = once(session, 'close');
        session.destroy();
        return closed;
      }),
    );
    this.sessions.length = 0;
    this.held = 0;
  }
}

/** An HTTP/2 server that takes requests and never answers. */
export async function startSilent(): Promise<{ port: number; stop(): Promise<void> }> {
  const sessions = new Set<ServerHttp2Session>();
  const server: Http2Server = createServer({ ...MEMORY, settings: { maxConcurrentStreams: PER_SESSION } });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream) => stream.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
