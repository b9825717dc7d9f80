import { lstatSync, unlinkSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { createServer as createTlsServer } from 'node:tls';
import { UmbraError } from '../mesh/errors.ts';
import type { ListenAddress } from './address.ts';
import { formatAddress } from './address.ts';
import type { CallStream } from './call-stream.ts';
import type { Credentials } from './credentials.ts';
import { secureContextOptions } from './credentials.ts';
import type { TurnedAwayEvent } from './events.ts';
import type { Peer } from './peer.ts';
import { identityOf } from './peer.ts';
import { Tally } from './tally.ts';

/** One client's connection. */
export interface Connection {
  readonly peer: Peer;
  /** Streams open on it. */
  readonly streams: Set<CallStream>;
  /** Whom the listener believes has changed since its certificate was verified. */
  outdated: boolean;
  /** Ends it at once, whatever is on its way. */
  cut(): void;
}

export interface ConnectionsOptions {
  readonly address: ListenAddress;
  /** Mutual TLS: who has no certificate of an authority named does not get in. */
  readonly tls?: Credentials | undefined;
  /** Connections at a time, in all and of one SPIFFE id; more are closed as they come. */
  readonly most: number;
  readonly mostPerIdentity: number;
  /** Connections not yet accepted that the kernel keeps; it may keep fewer (net.core.somaxconn). */
  readonly backlog: number;
  /** Takes a connection over, speaking HTTP/2 from its first byte. */
  readonly onConnection: (socket: Socket) => void;
  readonly onTurnedAway: (event: TurnedAwayEvent) => void;
}

/**
 * The connections of one address. A listener of our own in front of gRPC's, for what gRPC's cannot do: a backlog that
 * takes the reconnection of a whole mesh, certificates that change while it serves, and knowing by which connection a
 * call came.
 */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #server: Server;
  readonly #open = new Map<string, Connection>();
  readonly #ofIdentity = new Tally<string>();
  readonly #stopWatching: () => void;
  /** Connections under a TLS handshake. */
  readonly #shaking = new Set<Socket>();
  #cut = false;
  #unix = 0;
  #stopped: Promise<void> | undefined;
  /** What clients connect to; set by {@link Connections.listen}. */
  address = '';

  constructor(options: ConnectionsOptions) {
    const { tls } = options;
    this.#options = options;
    if (tls) {
      const server = createTlsServer({
        ...secureContextOptions(tls.material),
        requestCert: true,
        rejectUnauthorized: true,
        ALPNProtocols: ['h2'],
        handshakeTimeout: 10_000,
        noDelay: true,
      });
      server.on('connection', (socket: Socket) => {
        this.#shaking.add(socket);
        socket.once('close', () => this.#shaking.delete(socket));
      });
      server.on('secureConnection', (socket) => {
        // Node's own name for the connection under it. Without it that would count as in its handshake, and only be closed for nothing.
        this.#shaking.delete((socket as unknown as { _parent: Socket })._parent);
        this.#takeSecure(socket);
      });
      server.on('tlsClientError', (error, socket) => {
        // Node's own check of the certificate says no more than that it hung up.
        const reason = socket.authorizationError ? 'certificate' : 'handshake';
        const detail = String(socket.authorizationError ?? error.message);
        options.onTurnedAway({ reason, detail, peer: addressOf(socket) });
      });
      this.#stopWatching = tls.onChange(({ material, trust }) => {
        server.setSecureContext(secureContextOptions(material));
        if (!trust) return;
        for (const connection of this.#open.values()) connection.outdated = true;
        // They would be judged by the authorities that were there when they began.
        this.#cutHandshakes();
      });
      this.#server = server;
    } else {
      this.#server = createServer({ noDelay: true }, (socket) => this.#take(socket, undefined));
      this.#stopWatching = () => {};
    }
    this.#server.maxConnections = options.most;
    this.#server.on('drop', (data) => {
      const peer = data?.remoteAddress ? `${data.remoteAddress}:${data.remotePort}` : 'unix';
      options.onTurnedAway({ reason: 'too many', detail: `more than ${options.most} connections`, peer });
    });
  }

  get size(): number {
    return this.#open.size;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#open.values();
  }

  /** By what gRPC calls a call's peer. Undefined when it is gone. */
  find(peer: string): Connection | undefined {
    return this.#open.get(peer);
  }

  /** Errors: UMB0401 where something listens there already, or the address is not this machine's. */
  async listen(): Promise<void> {
    const { address, backlog } = this.#options;
    if (address.kind === 'unix') await clearSocket(address.path);
    const where = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) =>
        reject(new UmbraError('UMB0401', `${formatAddress(address)}: ${error.message}`, { cause: error })),
      );
      // A Unix socket is the credential of its world: only its owner may connect, from the moment it is there.
      const before = address.kind === 'unix' ? process.umask(0o177) : undefined;
      this.#server.listen({ ...where, backlog, exclusive: true }, resolve);
      if (before !== undefined) process.umask(before);
    });
    const bound = this.#server.address();
    this.address = formatAddress(
      address.kind === 'tcp' && bound && typeof bound === 'object' ? { ...address, port: bound.port } : address,
    );
  }

  /** Takes no more connections; those that are open go on. Resolves when the last of them is gone. */
  stop(): Promise<void> {
    this.#stopWatching();
    this.#stopped ??= new Promise((resolve) => this.#server.close(() => resolve()));
    return this.#stopped;
  }

  /** Ends all there are, and whatever comes yet. */
  cutAll(): void {
    this.#cut = true;
    this.#cutHandshakes();
    for (const connection of [...this.#open.values()]) connection.cut();
  }

  #cutHandshakes(): void {
    for (const socket of [...this.#shaking]) socket.destroy();
  }

  #takeSecure(socket: TLSSocket): void {
    const certificate = socket.getPeerX509Certificate();
    // Not reached: the handshake asks for one. But nobody gets in because a default changed.
    if (!socket.authorized || !certificate) {
      socket.destroy();
      return;
    }
    // A client that does not negotiate a protocol speaks the only one there is; Node would answer in HTTP/1.
    if (socket.alpnProtocol === false) socket.alpnProtocol = 'h2';
    this.#take(socket, identityOf(certificate));
  }

  #take(socket: Socket, identity: Peer['identity']): void {
    if (this.#options.address.kind === 'unix') {
      // Without a name of their own they could not be told apart, here or in the log.
      Object.defineProperty(socket, 'remoteAddress', { value: 'unix' });
      Object.defineProperty(socket, 'remotePort', { value: ++this.#unix });
    }
    const address = addressOf(socket);
    if (this.#cut || socket.destroyed || socket.remotePort === undefined) {
      socket.destroy();
      return;
    }
    const id = identity?.spiffeId?.uri;
    if (id !== undefined) {
      const { mostPerIdentity, onTurnedAway } = this.#options;
      if (this.#ofIdentity.of(id) >= mostPerIdentity) {
        onTurnedAway({
          reason: 'too many',
          detail: `more than ${mostPerIdentity} connections of ${id}`,
          peer: address,
        });
        socket.destroy();
        return;
      }
      this.#ofIdentity.add(id);
    }
    const connection: Connection = {
      peer: { address, identity },
      streams: new Set(),
      outdated: false,
      cut: () => socket.destroy(),
    };
    this.#open.set(address, connection);
    socket.on('error', () => {});
    socket.once('close', () => {
      if (id !== undefined) this.#ofIdentity.remove(id);
      if (this.#open.get(address) === connection) this.#open.delete(address);
    });
    this.#options.onConnection(socket);
  }
}

/** As gRPC writes a call's peer. */
function addressOf(socket: Socket): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}

/** Removes a socket file that a killed process left behind; refuses where somebody still listens. */
async function clearSocket(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  if (!stat.isSocket()) throw new UmbraError('UMB0401', `${path} exists and is not a socket`);
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
  if (alive) throw new UmbraError('UMB0401', `another process listens on ${path}`);
  unlinkSync(path);
}
