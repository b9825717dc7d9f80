import type { Clock } from '../mesh/clock.ts';
import { UmbraError } from '../mesh/errors.ts';
import { isLocal, parseAddress } from './address.ts';
import { Audit } from './audit.ts';
import { anybody, byCertificate } from './authorise.ts';
import type { Census } from './census.ts';
import { takeCensus } from './census.ts';
import type { Credentials } from './credentials.ts';
import type { AuditEvent, XdsEvents } from './events.ts';
import { Listeners } from './events.ts';
import type { ExtraService } from './extra-service.ts';
import type { ListenerStatus } from './grpc-listener.ts';
import { GrpcListener } from './grpc-listener.ts';
import { Health } from './health.ts';
import type { Inspect } from './inspect/inspector.ts';
import { Inspector } from './inspect/inspector.ts';
import type { Inspected } from './inspect/state.ts';
import type { Limits } from './limits.ts';
import { defaultLimits } from './limits.ts';
import type { LoadReportOptions } from './load-reports.ts';
import { loadReporting } from './load-reports.ts';
import type { Need } from './node.ts';
import { describe, NodeRecord } from './node.ts';
import type { Authorise, CredentialScope, Peer } from './peer.ts';
import { describePeer, sourceOf } from './peer.ts';
import { RequestMemory } from './request-memory.ts';
import type { ListenerScope, Resource } from './resource.ts';
import { fits } from './resource.ts';
import type { RefusedResource } from './resource-set.ts';
import { ResourceSet } from './resource-set.ts';
import type { Hub, Refusal } from './served-stream.ts';
import { ServedStream } from './served-stream.ts';
import type { Settlement } from './settle.ts';
import type { NodeStatus } from './status.ts';
import { statusOf } from './status.ts';
import type { Outgoing, Verdict } from './subscription.ts';
import { typeUrls } from './type-urls.ts';
import { Waiters } from './waiters.ts';
import type { WireNode } from './wire-request.ts';

/** What the server writes its log with; a pino logger is one. */
export interface XdsLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ManagementServerOptions {
  readonly logger: XdsLogger;
  readonly clock: Clock;
  /** Says to proxies who serves them (`control_plane.identifier`). */
  readonly identifier: string;
  /** Of what serves, for istioctl's table. */
  readonly version?: string;
  readonly onAudit: (event: AuditEvent) => void;
  readonly limits?: Partial<Limits>;
  /** How long an answer may stay unacknowledged before a newer one is sent, or the next step taken, regardless, ms. */
  readonly patienceMs?: number;
  /** Nothing is served to anybody before {@link ManagementServer.release}: for who gathers its inputs first. */
  readonly held?: boolean;
}

export interface ListenOptions {
  /** `unix:/path` (mode 600; a stale socket file is replaced) or `host:port` (0 = any free port). */
  readonly address: string;
  /** What every stream that comes by this address may see at most. */
  readonly scope: ListenerScope;
  readonly services?: readonly ExtraService[];
  /** Mutual TLS by these, which may be replaced while it serves. Without it only this machine can connect. */
  readonly tls?: Credentials;
  /** Plaintext is meant even where other machines can connect. */
  readonly plaintext?: 'anywhere';
  /** Which nodes a peer may be. Default: with TLS those its certificate covers ({@link byCertificate}), without it all. */
  readonly authorise?: Authorise;
  /** What a credential may see; it narrows `scope` and never widens it. */
  readonly scopeOf?: CredentialScope;
  /** Who may look at the state of nodes behind this wall: by CSDS, and by what istioctl asks. Default: nobody. */
  readonly inspect?: Inspect;
  /** Clients are asked what they send where (LRS); each answer is a `load` event. Default: the service is not offered. */
  readonly loadReports?: LoadReportOptions;
  /** Over how long everybody is asked to prove itself anew when the authorities have changed, ms; default 30 s. */
  readonly renewalMs?: number;
}

export interface Counters {
  /** Answers sent, heartbeats included. */
  pushes: number;
  acks: number;
  nacks: number;
  /** Resources that were never served: invalid, or out of scope. */
  refused: number;
}

const RENEWAL_MS = 30_000;
/** What a node says of itself beyond this is not kept, bytes. */
const MOST_IDENTITY = 64 * 1024;

interface Member {
  readonly record: NodeRecord;
  readonly streams: Set<ServedStream>;
  readonly waiters: Waiters;
}

/**
 * An xDS management server: aggregated and per-type discovery, state of the world and delta, for resources it knows as
 * named bytes. A node gets nothing before {@link ManagementServer.set} was called for it; its requests are held.
 */
export class ManagementServer {
  readonly counters: Counters = { pushes: 0, acks: 0, nacks: 0, refused: 0 };
  readonly #options: ManagementServerOptions;
  readonly #members = new Map<string, Member>();
  readonly #listeners: GrpcListener[] = [];
  readonly #streams = new Set<ServedStream>();
  readonly #events: Listeners<XdsEvents>;
  readonly #hub: Hub;
  readonly #audited: Audit;
  readonly #health: Health;
  #held: boolean;
  #draining = false;
  #closed = false;

  constructor(options: ManagementServerOptions) {
    this.#options = options;
    this.#held = options.held ?? false;
    this.#health = new Health(this.ready);
    this.#audited = new Audit((event) => {
      options.logger.error(event, event.detail);
      options.onAudit(event);
    });
    this.#events = new Listeners((error) => options.logger.error({ err: error }, 'an xDS event listener failed'));
    this.#hub = {
      clock: options.clock,
      requests: new RequestMemory(),
      identifier: options.identifier,
      limits: { ...defaultLimits, ...options.limits },
      patienceMs: options.patienceMs ?? 5000,
      held: () => this.#held,
      attach: (stream, node) => this.#attach(stream, node),
      detach: (stream) => this.#detach(stream),
      onVerdict: (stream, typeUrl, verdict) => this.#onVerdict(stream, typeUrl, verdict),
      onSent: (stream, answer, bytes) => this.#onSent(stream, answer, bytes),
      onProgress: (stream) => this.#members.get(stream.node?.id ?? '')?.waiters.advance(),
      onScopeViolation: (stream, answer, names) => {
        this.counters.refused += names.length;
        this.#auditScope(stream.node!.id, stream.scope, answer.typeUrl, names);
      },
      onLimit: (stream, detail) =>
        this.#audit(
          {
            kind: 'limit-exceeded',
            code: 'UMB0305',
            nodeId: stream.node?.id ?? '',
            scope: stream.scope,
            detail: `${detail}, from ${describePeer(stream.peer)}`,
          },
          `${sourceOf(stream.peer)} ${detail}`,
        ),
      onUnauthorised: (stream, nodeId, reason) =>
        this.#audit(
          {
            kind: 'unauthorised',
            code: 'UMB0306',
            nodeId,
            scope: stream.scope,
            detail: `${describePeer(stream.peer)} claims to be ${nodeId}: ${reason}`,
          },
          sourceOf(stream.peer),
        ),
    };
  }

  /** Whether nodes are served what was set for them: released, and not on its way out. */
  get ready(): boolean {
    return !this.#held && !this.#draining && !this.#closed;
  }

  /**
   * Serves on one more address. Errors: UMB0307 where plaintext could be reached from elsewhere and nobody said that it
   * is meant, or the address cannot be read; UMB0401 where something listens there already.
   */
  async listen(o: ListenOptions): Promise<{ address: string }> {
    if (this.#closed || this.#draining) throw new UmbraError('UMB0401', 'the management server is closed');
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
      services: [
        this.#health.service,
        ...(o.services ?? []),
        ...(inspector ? [inspector.service] : []),
        ...(o.loadReports ? [this.#loadReporting(o.scope, authorise, o.loadReports)] : []),
      ],
      renewalMs: o.renewalMs ?? RENEWAL_MS,
      open: (wire, { peer, protocol, fixedType }) => {
        const scope = o.scope === 'shadow' ? (o.scopeOf?.(peer) ?? o.scope) : o.scope;
        const stream = new ServedStream(this.#hub, wire, { scope, authorise, peer, protocol, fixedType, inspector });
        this.#streams.add(stream);
        return stream;
      },
      onClose: (stream) => this.#streams.delete(stream),
      onTurnedAway: (event) => {
        this.#options.logger.debug({ ...event, address: o.address }, `connection refused: ${event.detail}`);
        this.#events.emit('turnedAway', event);
      },
      onStall: (stream, bytes) => this.#hub.onLimit(stream, `${bytes} bytes left unread`),
    });
    this.#listeners.push(listener);
    return { address: listener.address };
  }

  /** Serves what was set, where the server was made `held`. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#health.set(this.ready);
    this.#options.logger.info({ nodes: this.#members.size }, 'serving');
    for (const stream of [...this.#streams]) stream.pump();
  }

  /**
   * Replaces everything a node should have. Invalid resources are left out and named; so are those that do not fit the
   * node's scope, which is known from `options.scope` or from the listener its proxy came by, and enforced for every
   * answer in any case. The revision grows only when something changed. `options.versions` says, by type URL, what answers
   * call the new state (a commit, say); without it they carry a hash of the content. Where many nodes have the same, give
   * them one {@link ResourceSet}.
   */
  set(
    nodeId: string,
    resources: ResourceSet | readonly Resource[],
    options?: { scope?: ListenerScope; versions?: Readonly<Record<string, string>> },
  ): { revision: number; refused: readonly RefusedResource[] } {
    const member = this.#member(nodeId);
    const { record } = member;
    if (options?.scope && options.scope !== record.scope) this.#rebind(member, options.scope);
    const set = ResourceSet.of(resources, options?.versions);
    const { refused, outOfScope, count } = set.fitting(record.scope);
    for (const r of outOfScope) this.#auditScope(nodeId, record.scope!, r.typeUrl, [r.name]);
    this.counters.refused += refused.length;
    for (const r of refused)
      this.#options.logger.warn({ node: nodeId, ...r, code: 'UMB0301' }, `resource refused: ${r.reason}`);
    const now = this.#hub.clock.now();
    const streams = [...member.streams];
    const open = (typeUrl: string, need: Need) => {
      if (record.problems(typeUrl).size > 0) return false;
      return !streams.every((s) => (s.subscription(typeUrl)?.syncedRevision ?? -1) >= need.revision) || !streams.length;
    };
    const revision = record.ask(set, open);
    this.#options.logger.debug({ node: nodeId, revision, resources: count, at: now }, 'set');
    for (const stream of streams) stream.pump();
    member.waiters.advance();
    return { revision, refused };
  }

  /** Drops all that is known of a node; a connected proxy keeps what it has and its requests are held. */
  forget(nodeId: string): void {
    const member = this.#members.get(nodeId);
    if (!member) return;
    member.waiters.end('the node was forgotten');
    this.#members.delete(nodeId);
    for (const stream of member.streams) stream.end('UNAVAILABLE', 'the node was forgotten');
  }

  /** Tries once more what the node's proxy refused; without it, a refused version is never sent again. */
  retry(nodeId: string): void {
    const member = this.#members.get(nodeId);
    if (!member) return;
    member.record.retry();
    for (const stream of [...member.streams]) stream.pump();
  }

  /**
   * Resolves when the node's proxy has acknowledged every type the revision changed (or a newer state of it), or
   * refused one. 'absent' when the signal aborts first: not connected, or connected and the detail says what is open.
   */
  settled(nodeId: string, revision: number, signal?: AbortSignal): Promise<Settlement> {
    const member = this.#members.get(nodeId);
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
    return [...this.#members.values()].map((m) => statusOf(m.record, [...m.streams]));
  }

  /** How many of everything there are, and what is refused: for metrics. */
  census(): Census {
    return takeCensus(this.#members.values());
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
    this.#health.set(false);
    this.#options.logger.info({ streams: this.#streams.size, spreadMs }, 'draining');
    await Promise.all(this.#listeners.map((l) => l.drain(spreadMs)));
  }

  /** Ends all streams (proxies keep what they have and reconnect) and stops listening. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#health.set(false);
    for (const member of this.#members.values()) member.waiters.end('the management server closed');
    for (const stream of [...this.#streams]) stream.end('UNAVAILABLE', 'the management server is closing');
    await Promise.all(this.#listeners.map((l) => l.close(1000)));
  }

  #loadReporting(scope: ListenerScope, authorise: Authorise, options: LoadReportOptions): ExtraService {
    const admit = (peer: Peer, nodeId: string) => {
      const of = this.#members.get(nodeId)?.record.scope ?? scope;
      return authorise(peer, nodeId) ?? (of === scope ? undefined : `node ${nodeId} belongs to ${of}`);
    };
    return loadReporting(
      {
        now: () => this.#hub.clock.now(),
        admit,
        clustersOf: (nodeId) => [...(this.#members.get(nodeId)?.record.view(typeUrls.CDS).resources.keys() ?? [])],
        onReport: (report) => this.#events.emit('load', report),
      },
      options,
    );
  }

  /** Nodes behind a wall, as inspection looks at them; those that never came are shown to production's side. */
  *#behind(scope: ListenerScope): Iterable<Inspected> {
    for (const { record, streams } of this.#members.values())
      if ((record.scope ?? 'production') === scope) yield { record, streams: [...streams] };
  }

  #member(nodeId: string): Member {
    let member = this.#members.get(nodeId);
    if (!member) {
      const record = new NodeRecord(nodeId);
      const streams = new Set<ServedStream>();
      member = { record, streams, waiters: new Waiters(this.#hub.clock, record, streams) };
      this.#members.set(nodeId, member);
    }
    return member;
  }

  /**
   * A node belongs to the scope it was first seen in. Production wins a conflict: a proxy of the shadow that calls itself
   * by a production node's name is turned away, the other way round the shadow's stream gives way.
   */
  #attach(stream: ServedStream, node: WireNode): { node: NodeRecord } | { refused: Refusal; detail: string } {
    if (this.#closed || this.#draining) return { refused: 'UNAVAILABLE', detail: 'the management server is closing' };
    const { id: nodeId, cluster } = node;
    const member = this.#member(nodeId);
    const { record } = member;
    const { streamsPerNode } = this.#hub.limits;
    if (member.streams.size >= streamsPerNode) {
      const detail = `more than ${streamsPerNode} streams of one node`;
      this.#hub.onLimit(stream, `${detail}, ${nodeId}`);
      return { refused: 'RESOURCE_EXHAUSTED', detail };
    }
    if (record.scope && record.scope !== stream.scope) {
      this.#audit({
        kind: 'identity-conflict',
        code: 'UMB0304',
        nodeId,
        scope: stream.scope,
        detail: `node ${nodeId} of ${record.scope} was claimed by ${describePeer(stream.peer)} through a ${stream.scope} listener`,
      });
      if (stream.scope === 'shadow')
        return { refused: 'PERMISSION_DENIED', detail: `node ${nodeId} belongs to production` };
      this.#rebind(member, stream.scope);
    } else if (!record.scope) this.#rebind(member, stream.scope);
    if (member.streams.size === 0) record.reconnected();
    member.streams.add(stream);
    record.identity = node.bytes.length <= MOST_IDENTITY ? node.bytes : undefined;
    this.#options.logger.info(
      { node: nodeId, scope: stream.scope, protocol: stream.protocol, known: record.known },
      'proxy connected',
    );
    this.#events.emit('connect', {
      nodeId,
      cluster,
      scope: stream.scope,
      protocol: stream.protocol,
      at: this.#hub.clock.now(),
    });
    return { node: record };
  }

  #rebind(member: Member, scope: ListenerScope): void {
    const { record } = member;
    record.bind(scope);
    for (const stream of [...member.streams])
      if (stream.scope !== scope) stream.end('PERMISSION_DENIED', `node ${record.id} belongs to ${scope}`);
    const out = new Map<string, string[]>();
    for (const r of record.resources()) {
      if (fits(r, scope)) continue;
      const names = out.get(r.typeUrl);
      if (names) names.push(r.name);
      else out.set(r.typeUrl, [r.name]);
    }
    for (const [typeUrl, names] of out) {
      this.counters.refused += names.length;
      this.#auditScope(record.id, scope, typeUrl, names);
    }
  }

  #detach(stream: ServedStream): void {
    this.#streams.delete(stream);
    const { id } = stream.node!;
    const member = this.#members.get(id);
    if (!member?.streams.delete(stream)) return;
    this.#options.logger.info({ node: id, scope: stream.scope }, 'proxy disconnected');
    this.#events.emit('disconnect', {
      nodeId: id,
      scope: stream.scope,
      protocol: stream.protocol,
      at: this.#hub.clock.now(),
    });
    // A stranger's name costs nothing once it is gone.
    if (!member.record.known && member.streams.size === 0 && member.waiters.size === 0) this.#members.delete(id);
  }

  #onVerdict(stream: ServedStream, typeUrl: string, verdict: Verdict): void {
    if (verdict.kind !== 'ack' && verdict.kind !== 'nack') return;
    const record = stream.node!;
    const at = this.#hub.clock.now();
    const tookMs = at - verdict.sent.at;
    const event = { nodeId: record.id, typeUrl, version: verdict.sent.set.label, at, tookMs };
    if (verdict.kind === 'ack') {
      this.counters.acks++;
      const subscription = stream.subscription(typeUrl)!;
      const { set, revision } = verdict.sent;
      if (subscription.accepted(set, false)) record.onSynced(typeUrl, set);
      if (subscription.accepted(set, true))
        subscription.syncedRevision = Math.max(subscription.syncedRevision, revision);
      // Before anything newer is sent: a refusal of that must not reach back to this.
      this.#members.get(record.id)?.waiters.advance();
      this.#events.emit('ack', event);
      return;
    }
    this.counters.nacks++;
    const { detail, names } = record.onNack(typeUrl, verdict.sent, verdict.detail, at);
    this.#options.logger.warn(
      { node: record.id, type: typeUrl, names, detail, code: 'UMB0303' },
      `${record.id} refused ${describe(typeUrl, names)}; the last good version stays: ${detail}`,
    );
    const member = this.#members.get(record.id);
    // Settle before anybody is told: who listens may already ask for something else.
    member?.waiters.advance();
    this.#events.emit('nack', { ...event, detail, names });
    for (const other of [...(member?.streams ?? [])]) if (other !== stream) other.pump();
  }

  #onSent(stream: ServedStream, answer: Outgoing, bytes: number): void {
    this.counters.pushes++;
    const { typeUrl, set } = answer;
    stream.node!.served.set(typeUrl, set);
    if (!this.#events.has('sent')) return;
    const at = this.#hub.clock.now();
    this.#events.emit('sent', { nodeId: stream.node!.id, typeUrl, version: set.label, at, bytes });
  }

  #auditScope(nodeId: string, scope: ListenerScope, typeUrl: string, names: readonly string[]): void {
    this.#audit({
      kind: 'scope-violation',
      code: 'UMB0302',
      nodeId,
      scope,
      typeUrl,
      names,
      detail: `${describe(typeUrl, names)} for the shadow only, aimed at ${nodeId} in ${scope}`,
    });
  }

  #audit(event: Omit<AuditEvent, 'at'>, cause?: string): void {
    const attempt = { ...event, at: this.#hub.clock.now() };
    this.#events.emit('attempt', attempt);
    this.#audited.record(attempt, cause);
  }
}

/** A management server; it serves once it listens somewhere. */
export function createManagementServer(options: ManagementServerOptions): ManagementServer {
  return new ManagementServer(options);
}
