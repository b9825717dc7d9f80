import * as grpc from '@grpc/grpc-js';
import type { Clock } from '../mesh/clock.ts';
import type { ListenAddress } from './address.ts';
import { takeCalls } from './call-lane.ts';
import type { CallStream, StreamMethod } from './call-stream.ts';
import { CallWire } from './call-wire.ts';
import type { Connection } from './connections.ts';
import { Connections } from './connections.ts';
import type { Credentials } from './credentials.ts';
import { depart } from './departures.ts';
import type { TurnedAwayEvent } from './events.ts';
import type { ExtraService } from './extra-service.ts';
import { guarded } from './extra-service.ts';
import { FairShare } from './fair-share.ts';
import { HalfSent } from './half-sent.ts';
import type { Call } from './http2-call.ts';
import { PREFIX_BYTES, peerOf } from './http2-call.ts';
import type { Limits } from './limits.ts';
import type { Peer } from './peer.ts';
import { Tally } from './tally.ts';

export interface ListenerOptions {
  readonly address: ListenAddress;
  readonly tls?: Credentials | undefined;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Streams that limits are for. */
  readonly methods: readonly StreamMethod[];
  readonly services: readonly ExtraService[];
  readonly onClose: (stream: CallStream) => void;
  /** A connection has taken an answer of one of its streams, or is gone. */
  readonly onTaken: () => void;
  readonly onTurnedAway: (event: TurnedAwayEvent) => void;
  /** A client left answers unread for longer than it may. */
  readonly onStall: (stream: CallStream) => void;
  /** A client began requests and did not end them. */
  readonly onHalfSent: (peer: Peer, detail: string) => void;
  /** How long it takes until everybody has proved itself anew when the authorities have changed, ms. */
  readonly renewalMs: number;
}

export interface ListenerStatus {
  readonly address: string;
  readonly connections: number;
  /** Of answers that were handed over and not yet taken. */
  readonly unreadBytes: number;
  /** Calls pass grpc-js's own message layer (see {@link takeCalls}); false = they are served, only slower. */
  readonly fast: boolean;
  /** Of the server's own certificate, ms since the epoch; undefined without TLS. */
  readonly certificateExpiresAt: number | undefined;
}

/** Listens for a whole mesh that reconnects at once; net.core.somaxconn caps it. Node's default is 511. */
const BACKLOG = 4096;
/** How often it is looked whether anybody has overstayed, ms; more often where the limit of a stall is short. */
const LOOK_MS = 1000;
/** How long after its end a stream may take to go, and a connection to be closed by the client, ms. */
const LINGER_MS = 5000;
const asIs = (message: Buffer) => message;

interface OpenCall {
  readonly stream: CallStream;
  readonly wire: CallWire;
  readonly connection: Connection;
  readonly since: number;
}

/**
 * One address and the services on it. A server of its own for each address, so that a call's scope is known by where it
 * came in.
 */
export class GrpcListener {
  readonly #options: ListenerOptions;
  readonly #server: grpc.Server;
  readonly #connections: Connections;
  readonly #fast: boolean;
  readonly #calls = new Set<OpenCall>();
  readonly #halfSent: HalfSent;
  readonly #spare: FairShare;
  /** Streams by SPIFFE id. */
  readonly #ofIdentity = new Tally<string>();
  /** Connections that were asked to leave, and when. */
  readonly #leaving = new Map<Connection, number>();
  readonly #end = new AbortController();
  readonly #stopWatching: (() => void) | undefined;
  readonly #lookMs: number;
  readonly #looking: NodeJS.Timeout;

  private constructor(options: ListenerOptions) {
    const { limits, tls } = options;
    this.#options = options;
    this.#server = new grpc.Server({
      'grpc.max_receive_message_length': limits.messageBytes,
      'grpc.max_send_message_length': -1,
      'grpc.max_concurrent_streams': limits.streamsPerConnection,
      'grpc.max_connection_idle_ms': limits.idleMs,
      'grpc.keepalive_time_ms': 60_000,
      'grpc.keepalive_timeout_ms': 20_000,
      'grpc.enable_channelz': 0,
    });
    // TLS, where there is any, ends before gRPC: what is injected is plain either way.
    const injector = this.#server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
    this.#connections = new Connections({
      address: options.address,
      tls,
      most: limits.connections,
      mostPerIdentity: limits.connectionsPerIdentity,
      backlog: BACKLOG,
      onConnection: (socket) => injector.injectConnection(socket),
      onTurnedAway: options.onTurnedAway,
    });
    this.#halfSent = new HalfSent({
      most: limits.unfinishedBytes,
      longestMs: limits.helloMs,
      onEnd: ({ session }, detail) => {
        const connection = session && this.#connections.find(peerOf(session));
        if (connection) options.onHalfSent(connection.peer, detail);
      },
    });
    this.#spare = new FairShare(limits.spareRequestRate, options.clock);
    for (const method of options.methods) this.#serve(method);
    const methods = new Map(options.methods.map((m) => [m.path, m]));
    this.#fast = takeCalls(
      this.#server,
      (path) => {
        const method = methods.get(path);
        return method && ((call) => this.#open(call, method));
      },
      limits.messageBytes,
      (stream) => this.#halfSent.watch(stream),
    );
    for (const { definition, implementation } of options.services.map((s) => guarded(s, (p) => this.#peer(p))))
      this.#server.addService(definition, implementation);
    // After the connections' own listener: outdated is known by then.
    this.#stopWatching = tls?.onChange(({ trust }) => trust && void this.#renew());
    this.#lookMs = Math.min(LOOK_MS, limits.stallMs / 4);
    this.#looking = setInterval(() => this.#look(), this.#lookMs);
    this.#looking.unref();
  }

  /** Errors: UMB0401. */
  static async listen(options: ListenerOptions): Promise<GrpcListener> {
    const listener = new GrpcListener(options);
    try {
      await listener.#connections.listen();
    } catch (error) {
      await listener.close(0);
      throw error;
    }
    return listener;
  }

  /** Where it can be reached: `unix:/path` or `host:port`. */
  get address(): string {
    return this.#connections.address;
  }

  get status(): ListenerStatus {
    let unreadBytes = 0;
    for (const { wire } of this.#calls) unreadBytes += wire.queuedBytes;
    return {
      address: this.address,
      connections: this.#connections.size,
      unreadBytes,
      fast: this.#fast,
      certificateExpiresAt: this.#options.tls?.expiresAt,
    };
  }

  /** Takes no new connections, and asks those that are open to leave, evenly over `spreadMs`. */
  async drain(spreadMs: number): Promise<void> {
    void this.#connections.stop();
    await this.#depart(this.#connections, spreadMs, 'the management server is closing');
  }

  /** Lets calls that end by themselves within `graceMs` do so, then cuts the rest. */
  async close(graceMs: number): Promise<void> {
    this.#end.abort();
    this.#stopWatching?.();
    clearInterval(this.#looking);
    const stopped = this.#connections.stop();
    const force = () => {
      this.#server.forceShutdown();
      this.#connections.cutAll();
    };
    const timer = setTimeout(force, graceMs);
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    clearTimeout(timer);
    force();
    await stopped;
  }

  #serve(method: StreamMethod): void {
    const { path, name, service } = method;
    this.#server.addService(
      {
        [`${service}/${name}`]: {
          path,
          requestStream: true,
          responseStream: true,
          requestSerialize: asIs,
          requestDeserialize: asIs,
          responseSerialize: (frame: Buffer) => frame.subarray(PREFIX_BYTES),
          responseDeserialize: asIs,
        },
      },
      { [`${service}/${name}`]: (call: Call) => this.#open(call, method) },
    );
  }

  #open(call: Call, method: StreamMethod): void {
    const { limits, clock, onTaken } = this.#options;
    const connection = this.#connections.find(call.getPeer());
    const refuse = (code: grpc.status, details: string) => call.emit('error', { code, details });
    if (!connection || this.#leaving.has(connection)) return void refuse(grpc.status.UNAVAILABLE, 'connect again');
    const id = connection.peer.identity?.spiffeId?.uri;
    if (
      this.#calls.size >= limits.streams ||
      connection.streams.size >= limits.streamsPerConnection ||
      (id !== undefined && this.#ofIdentity.of(id) >= limits.streamsPerIdentity)
    )
      return void refuse(grpc.status.RESOURCE_EXHAUSTED, 'too many streams');
    const wire = new CallWire(call, { limits, clock, spare: this.#spare, onDrain: () => stream.onDrain(), onTaken });
    const stream: CallStream = method.open(wire, connection.peer);
    const open: OpenCall = { stream, wire, connection, since: clock.now() };
    this.#calls.add(open);
    connection.streams.add(stream);
    if (id !== undefined) this.#ofIdentity.add(id);
    const close = () => {
      if (!this.#calls.delete(open)) return;
      connection.streams.delete(stream);
      if (id !== undefined) this.#ofIdentity.remove(id);
      wire.close();
      stream.onClose();
      this.#options.onClose(stream);
    };
    call.on('data', (message: Buffer) => {
      wire.onRequest(stream.onMessage(message));
    });
    call.on('cancelled', close);
    call.on('close', close);
    call.on('error', () => stream.onClose());
    call.on('end', () => {
      stream.onClose();
      call.end();
    });
  }

  #peer(call: { getPeer(): string }): Peer | undefined {
    return this.#connections.find(call.getPeer())?.peer;
  }

  /** Who was believed by authorities that have changed has to prove itself anew. */
  async #renew(): Promise<void> {
    const outdated = [...this.#connections].filter((c) => c.outdated && !this.#leaving.has(c));
    await this.#depart(outdated, this.#options.renewalMs, 'the authorities have changed: connect again');
  }

  async #depart(connections: Iterable<Connection>, spreadMs: number, why: string): Promise<void> {
    await depart(connections, spreadMs, (c) => this.#leave(c, why), this.#options.clock, this.#end.signal);
  }

  #leave(connection: Connection, why: string): void {
    if (this.#leaving.has(connection)) return;
    this.#leaving.set(connection, this.#options.clock.now());
    for (const stream of [...connection.streams]) stream.end('UNAVAILABLE', why);
  }

  /** Ends what has overstayed: nobody keeps memory by not reading, not speaking or not going. */
  #look(): void {
    const { limits, clock, onStall } = this.#options;
    const now = clock.now();
    this.#halfSent.look(now, this.#lookMs);
    for (const { stream, wire, connection, since } of [...this.#calls]) {
      const lingers = wire.lingersFor(now) > LINGER_MS;
      const stalls = wire.look(now, this.#lookMs) >= limits.stallMs;
      if (lingers || stalls) {
        if (!lingers) onStall(stream);
        stream.end('RESOURCE_EXHAUSTED', 'what was sent is left unread');
        // It would wait behind what is left unread.
        connection.cut();
      } else if (!stream.heard && now - since > limits.helloMs) stream.end('DEADLINE_EXCEEDED', 'no request came');
    }
    for (const connection of this.#connections)
      if ((connection.peer.identity?.expiresAt ?? Number.POSITIVE_INFINITY) <= now)
        this.#leave(connection, 'the certificate has expired');
    for (const [connection, at] of this.#leaving) {
      if (now - at > LINGER_MS || (connection.streams.size === 0 && now - at > this.#lookMs)) connection.cut();
      if (this.#connections.find(connection.peer.address) !== connection) this.#leaving.delete(connection);
    }
  }
}
