import { UmbraError } from '../mesh/errors.ts';
import { isLocal, parseAddress } from './address.ts';
import { Alarms } from './alarms.ts';
import type { Judgement } from './answers.ts';
import { Attempts } from './attempts.ts';
import { anybody, byCertificate } from './authorise.ts';
import type { CallStream, StreamMethod } from './call-stream.ts';
import type { Census } from './census.ts';
import { takeCensus } from './census.ts';
import { discoveryMethods } from './discovery-services.ts';
import type { XdsEvents } from './events.ts';
import { Listeners } from './events.ts';
import { FanOut } from './fan-out.ts';
import type { ListenerStatus } from './grpc-listener.ts';
import { GrpcListener } from './grpc-listener.ts';
import { Health } from './health.ts';
import { Inspector } from './inspect/inspector.ts';
import type { Inspected } from './inspect/state.ts';
import { defaultLimits } from './limits.ts';
import type { LoadReportHub, LoadReportOptions } from './load-reports.ts';
import { loadReporting, ReportStream } from './load-reports.ts';
import type { Need } from './node.ts';
import { describe } from './node.ts';
import { Nodes } from './nodes.ts';
import type { Authorise, Peer } from './peer.ts';
import { RequestMemory } from './request-memory.ts';
import type { ListenerScope, Resource } from './resource.ts';
import type { RefusedResource } from './resource-set.ts';
import { ResourceSet } from './resource-set.ts';
import type { Hub } from './served-stream.ts';
import { ServedStream } from './served-stream.ts';
import type { Counters, ListenOptions, ManagementServerOptions } from './server-options.ts';
import type { Settlement } from './settle.ts';
import type { NodeStatus } from './status.ts';
import { statusOf } from './status.ts';
import type { Outgoing } from './subscription.ts';
import { typeUrls } from './type-urls.ts';

const RENEWAL_MS = 30_000;
/**
 * An xDS management server: aggregated and per-type discovery, state of the world and delta, for resources it knows as
 * named bytes. A node gets nothing before {@link ManagementServer.set} was called for it; its requests are held.
 */
export class ManagementServer {
  readonly counters: Counters = { pushes: 0, acks: 0, nacks: 0, refused: 0 };
  readonly #options: ManagementServerOptions;
  readonly #nodes: Nodes;
  readonly #listeners: GrpcListener[] = [];
  readonly #streams = new Set<CallStream>();
  readonly #events: Listeners<XdsEvents>;
  readonly #fanOut = new FanOut();
  readonly #hub: Hub;
  readonly #attempts: Attempts;
  readonly #health: Health;
  #held: boolean;
  #draining = false;
  #closed = false;

  constructor(options: ManagementServerOptions) {
    this.#options = options;
    this.#held = options.held ?? false;
    this.#health = new Health(this.ready);
    const { clock, logger } = options;
    const limits = { ...defaultLimits, ...options.limits };
    const events = new Listeners<XdsEvents>((err) => logger.error({ err }, 'an xDS event listener failed'));
    const attempts = new Attempts(clock, events, (event) => {
      logger.error(event, event.detail);
      try {
        options.onAudit(event);
      } catch (err) {
        logger.error({ err }, 'what takes the audit’s events failed');
      }
    });
    this.#events = events;
    this.#attempts = attempts;
    const { streamsPerNode } = limits;
    this.#nodes = new Nodes({ clock, logger, events, attempts, counters: this.counters, streamsPerNode });
    this.#hub = {
      clock,
      alarms: new Alarms(clock),
      requests: new RequestMemory(),
      identifier: options.identifier,
      limits,
      patienceMs: options.patienceMs ?? 5000,
      held: () => this.#held,
      attach: (stream, node) =>
        this.#open
          ? this.#nodes.attach(stream, node)
          : { refused: 'UNAVAILABLE', detail: 'the management server is closing' },
      detach: (stream) => this.#nodes.detach(stream),
      onVerdict: (stream, typeUrl, verdict, now) => this.#onVerdict(stream, typeUrl, verdict, now),
      onSent: (stream, answer, bytes) => this.#onSent(stream, answer, bytes),
      onProgress: (stream) => stream.member?.waiters.advance(),
      onScopeViolation: (stream, answer, names) => {
        this.counters.refused += names.length;
        attempts.outOfScope(stream.node!.id, stream.scope, answer.typeUrl, names);
      },
      onLimit: (stream, detail) => attempts.beyondLimit(stream, detail),
      onUnauthorised: (stream, nodeId, reason) => attempts.unauthorised(stream, nodeId, reason),
    };
  }

  /** Whether nodes are served what was set for them: released, and not on its way out. */
  get ready(): boolean {
    return !this.#held && this.#open;
  }

  get #open(): boolean {
    return !this.#draining && !this.#closed;
  }

  /**
   * Serves on one more address. Errors: UMB0307 where plaintext could be reached from elsewhere and nobody said that it
   * is meant, or the address cannot be read; UMB0401 where something listens there already.
   */
  async listen(o: ListenOptions): Promise<{ address: string }> {
    if (!this.#open) throw closed();
    const address = parseAddress(o.address);
    if (!o.tls && o.plaintext !== 'anywhere' && !(await isLocal(address)))
      throw new UmbraError('UMB0307', `${o.address} can be reached from other machines, in plaintext`);
    const authorise = o.authorise ?? (o.tls ? byCertificate() : anybody);
    const { identifier, version = 'unknown' } = this.#options;
    const inspector = o.inspect && new Inspector(() => this.#behind(o.scope), o.inspect, { identifier, version });
    const listener = await GrpcListener.listen({
      address,
      tls: o.tls,
      limits: this.#hub.limits,
      clock: this.#hub.clock,
      methods: [
        ...discoveryMethods.map(({ protocol, fixedType, ...method }) =>
          this.#method(method, (wire, peer) => {
            const scope = o.scope === 'shadow' ? (o.scopeOf?.(peer) ?? o.scope) : o.scope;
            return new ServedStream(this.#hub, wire, { scope, authorise, peer, protocol, fixedType, inspector });
          }),
        ),
        ...(o.loadReports ? [this.#loadReporting(o.scope, authorise, o.loadReports)] : []),
      ],
      services: [this.#health.service, ...(o.services ?? []), ...(inspector ? [inspector.service] : [])],
      renewalMs: o.renewalMs ?? RENEWAL_MS,
      onClose: (stream) => this.#streams.delete(stream),
      onTaken: () => this.#fanOut.onTaken(),
      onTurnedAway: (event) => {
        this.#options.logger.debug({ ...event, address: o.address }, `connection refused: ${event.detail}`);
        this.#events.emit('turnedAway', event);
      },
      onStall: (stream) => this.#attempts.beyondLimit(stream, 'answers left unread'),
      onHalfSent: (peer, detail) => this.#attempts.beyondLimit({ scope: o.scope, peer, node: undefined }, detail),
    });
    if (!this.#open) {
      await listener.close(0);
      throw closed();
    }
    this.#listeners.push(listener);
    if (!listener.status.fast)
      this.#options.logger.warn(
        { address: listener.address },
        'this version of @grpc/grpc-js is not as expected: every answer is copied for every stream, which is slower',
      );
    return { address: listener.address };
  }

  /** Serves what was set, where the server was made `held`. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#health.set(this.ready);
    this.#options.logger.info({ nodes: this.#nodes.size }, 'serving');
    for (const stream of this.#streams) this.#fanOut.add(stream);
  }

  /**
   * Replaces everything a node should have. Invalid resources are left out and named; so are those that do not fit the
   * node's scope, which is known from `options.scope` or from the listener its proxy came by, and enforced for every
   * answer in any case. Answers go out within a turn of the event loop. The revision grows only when something changed.
   * `options.versions` says, by type URL, what answers call the new state (a commit, say); without it they carry a hash of
   * the content. Where many nodes have the same, give them one {@link ResourceSet}.
   */
  set(
    nodeId: string,
    resources: ResourceSet | readonly Resource[],
    options?: { scope?: ListenerScope; versions?: Readonly<Record<string, string>> },
  ): { revision: number; refused: readonly RefusedResource[] } {
    const member = this.#nodes.take(nodeId);
    const { record } = member;
    if (options?.scope && options.scope !== record.scope) this.#nodes.bind(member, options.scope);
    const set = ResourceSet.of(resources, options?.versions);
    const { refused, outOfScope, count } = set.fitting(record.scope);
    for (const r of outOfScope) this.#attempts.outOfScope(nodeId, record.scope!, r.typeUrl, [r.name]);
    this.counters.refused += refused.length;
    for (const r of refused)
      this.#options.logger.warn({ node: nodeId, ...r, code: 'UMB0301' }, `resource refused: ${r.reason}`);
    const streams = [...member.streams];
    const open = (typeUrl: string, need: Need) => {
      if (record.problems(typeUrl).size > 0) return false;
      return !streams.every((s) => (s.subscription(typeUrl)?.syncedRevision ?? -1) >= need.revision) || !streams.length;
    };
    const revision = record.ask(set, open);
    this.#options.logger.debug({ node: nodeId, revision, resources: count, at: this.#hub.clock.now() }, 'set');
    for (const stream of streams) this.#fanOut.add(stream);
    member.waiters.advance();
    return { revision, refused };
  }

  /** Drops all that is known of a node; a connected proxy keeps what it has and its requests are held. */
  forget(nodeId: string): void {
    const member = this.#nodes.find(nodeId);
    if (!member) return;
    // What was set before is still its own.
    this.#fanOut.flush();
    member.waiters.end('the node was forgotten');
    this.#nodes.forget(nodeId);
    for (const stream of member.streams) stream.end('UNAVAILABLE', 'the node was forgotten');
  }

  /** Tries once more what the node's proxy refused; without it, a refused version is never sent again. */
  retry(nodeId: string): void {
    const member = this.#nodes.find(nodeId);
    if (!member) return;
    member.record.retry();
    for (const stream of [...member.streams]) stream.pump();
  }

  /**
   * Resolves when the node's proxy has acknowledged every type the revision changed (or a newer state of it), or
   * refused one. 'absent' when the signal aborts first: not connected, or connected and the detail says what is open.
   */
  settled(nodeId: string, revision: number, signal?: AbortSignal): Promise<Settlement> {
    const member = this.#nodes.find(nodeId);
    const absent = (detail: string): Settlement => ({ state: 'absent', detail, at: this.#hub.clock.now() });
    if (!member) return Promise.resolve(absent('the node is not known'));
    if (this.#closed) return Promise.resolve(absent('the management server is closed'));
    return member.waiters.wait(revision, signal);
  }

  /** Calls `listener` on each such event; returns what takes it away again. */
  on<K extends keyof XdsEvents>(event: K, listener: (event: XdsEvents[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /** Every node that was set or is connected. */
  status(): NodeStatus[] {
    return [...this.#nodes].map((m) => statusOf(m.record, [...m.streams]));
  }

  /** How many of everything there are, and what is refused: for metrics. */
  census(): Census {
    return takeCensus(this.#nodes);
  }

  /** The addresses it serves on. */
  listeners(): ListenerStatus[] {
    return this.#listeners.map((l) => l.status);
  }

  /**
   * Takes nobody new and asks the connected to leave, evenly over `spreadMs`, so that whoever serves next is not met by all
   * at once. Those still connected are served meanwhile. {@link ManagementServer.close} comes after.
   */
  async drain(spreadMs: number): Promise<void> {
    if (this.#draining || this.#closed) return;
    this.#draining = true;
    this.#fanOut.flush();
    this.#health.set(false);
    this.#options.logger.info({ streams: this.#streams.size, spreadMs }, 'draining');
    await Promise.all(this.#listeners.map((l) => l.drain(spreadMs)));
  }

  /** Ends all streams (proxies keep what they have and reconnect) and stops listening. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#health.set(false);
    for (const member of this.#nodes) member.waiters.end('the management server closed');
    for (const stream of [...this.#streams]) stream.end('UNAVAILABLE', 'the management server is closing');
    await Promise.all(this.#listeners.map((l) => l.close(1000)));
  }

  /** A method whose streams are known here. */
  #method(method: Omit<StreamMethod, 'open'>, make: StreamMethod['open']): StreamMethod {
    const open: StreamMethod['open'] = (wire, peer) => {
      const stream = make(wire, peer);
      this.#streams.add(stream);
      return stream;
    };
    return { ...method, open };
  }

  #loadReporting(scope: ListenerScope, authorise: Authorise, options: LoadReportOptions): StreamMethod {
    const admit = (peer: Peer, nodeId: string) => {
      const of = this.#nodes.find(nodeId)?.record.scope ?? scope;
      return authorise(peer, nodeId) ?? (of === scope ? undefined : `node ${nodeId} belongs to ${of}`);
    };
    const hub: LoadReportHub = {
      scope,
      limits: this.#hub.limits,
      now: () => this.#hub.clock.now(),
      admit,
      clustersOf: (nodeId) => [...(this.#nodes.find(nodeId)?.record.view(typeUrls.CDS).resources.keys() ?? [])],
      onReport: (report) => this.#events.emit('load', report),
      onLimit: (stream, detail) => this.#attempts.beyondLimit(stream, detail),
    };
    return this.#method(loadReporting, (wire, peer) => new ReportStream(wire, peer, hub, options));
  }

  /** Nodes behind a wall, as inspection looks at them; those that never came are shown to production's side. */
  *#behind(scope: ListenerScope): Iterable<Inspected> {
    for (const { record, streams } of this.#nodes)
      if ((record.scope ?? 'production') === scope) yield { record, streams: [...streams] };
  }

  #onVerdict(stream: ServedStream, typeUrl: string, verdict: Judgement, at: number): void {
    const { record, streams, waiters } = stream.member!;
    const { sent } = verdict;
    const event = () => ({ nodeId: record.id, typeUrl, version: sent.set.label, at, tookMs: at - sent.at });
    if (verdict.kind === 'ack') {
      this.counters.acks++;
      // Of several clients nobody knows which was which on its stream before.
      if (typeUrl === typeUrls.CDS && !sent.heartbeat && servedBy(streams, typeUrl) === 1)
        record.clusters.acknowledged(sent.version);
      const subscription = stream.subscription(typeUrl)!;
      const inFull = subscription.accepted(sent.set, true);
      if (inFull) subscription.syncedRevision = Math.max(subscription.syncedRevision, sent.revision);
      if (inFull || subscription.accepted(sent.set, false))
        record.onSynced(typeUrl, sent.set, subscription.namesOfWhole, subscription.keptBodies);
      else if (!sent.heartbeat) record.onAccepted(typeUrl, sent.resources);
      // Before anything newer is sent: a refusal of that must not reach back to this.
      waiters.advance();
      if (this.#events.has('ack')) this.#events.emit('ack', event());
      return;
    }
    this.counters.nacks++;
    const { detail, names } = record.onNack(typeUrl, sent, verdict.detail, at);
    this.#options.logger.warn(
      { node: record.id, type: typeUrl, names, detail, code: 'UMB0303' },
      `${record.id} refused ${describe(typeUrl, names)}; the last good version stays: ${detail}`,
    );
    // Settle before anybody is told: who listens may already ask for something else.
    waiters.advance();
    this.#events.emit('nack', { ...event(), detail, names });
    for (const other of [...streams]) if (other !== stream) other.pump();
  }

  #onSent(stream: ServedStream, answer: Outgoing, bytes: number): void {
    this.counters.pushes++;
    const { typeUrl, set } = answer;
    if (!this.#events.has('sent')) return;
    const at = this.#hub.clock.now();
    this.#events.emit('sent', { nodeId: stream.node!.id, typeUrl, version: set.label, at, bytes });
  }
}

/** A management server; it serves once it listens somewhere. */
export function createManagementServer(options: ManagementServerOptions): ManagementServer {
  return new ManagementServer(options);
}

function servedBy(streams: Iterable<ServedStream>, typeUrl: string): number {
  let count = 0;
  for (const s of streams) if (s.serves(typeUrl)) count++;
  return count;
}

function closed(): UmbraError {
  return new UmbraError('UMB0401', 'the management server is closed');
}
