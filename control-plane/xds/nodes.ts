import type { Clock } from '../mesh/clock.ts';
import type { Attempts } from './attempts.ts';
import type { Refusal } from './call-stream.ts';
import type { Listeners, XdsEvents } from './events.ts';
import { NodeRecord } from './node.ts';
import { remember } from './remember.ts';
import type { ListenerScope } from './resource.ts';
import { fits } from './resource.ts';
import type { ServedStream } from './served-stream.ts';
import type { Counters, XdsLogger } from './server-options.ts';
import { Waiters } from './waiters.ts';
import type { WireNode } from './wire-request.ts';

/** What a node says of itself beyond this is not kept, bytes. */
const MOST_IDENTITY = 64 * 1024;

/** A node with its streams and who waits for it. */
export interface Member {
  readonly record: NodeRecord;
  readonly streams: Set<ServedStream>;
  readonly waiters: Waiters;
}

export interface NodesOptions {
  readonly clock: Clock;
  readonly logger: XdsLogger;
  readonly events: Listeners<XdsEvents>;
  readonly attempts: Attempts;
  readonly counters: Counters;
  readonly streamsPerNode: number;
}

/** Every node that was set or is connected, and which streams are whose. */
export class Nodes {
  readonly #options: NodesOptions;
  readonly #members = new Map<string, Member>();

  constructor(options: NodesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#members.size;
  }

  [Symbol.iterator](): Iterator<Member> {
    return this.#members.values();
  }

  find(id: string): Member | undefined {
    return this.#members.get(id);
  }

  /** The node, known from now on. */
  take(id: string): Member {
    return remember(this.#members, id, () => {
      const record = new NodeRecord(id);
      const streams = new Set<ServedStream>();
      return { record, streams, waiters: new Waiters(this.#options.clock, record, streams) };
    });
  }

  forget(id: string): void {
    this.#members.delete(id);
  }

  /**
   * Takes a stream in as one of its node's, or says why not. A node belongs to the scope it was first seen in. Production
   * wins a conflict: a proxy of the shadow that calls itself by a production node's name is turned away, the other way
   * round the shadow's stream gives way.
   */
  attach(stream: ServedStream, node: WireNode): { member: Member } | { refused: Refusal; detail: string } {
    const { id, cluster } = node;
    const { attempts, clock, events, logger, streamsPerNode } = this.#options;
    const member = this.take(id);
    const { record, streams } = member;
    const { scope, protocol } = stream;
    if (streams.size >= streamsPerNode) {
      const detail = `more than ${streamsPerNode} streams of one node`;
      attempts.beyondLimit(stream, `${detail}, ${id}`);
      return { refused: 'RESOURCE_EXHAUSTED', detail };
    }
    if (record.scope && record.scope !== scope) {
      attempts.otherScope(stream, id, record.scope);
      if (scope === 'shadow') return { refused: 'PERMISSION_DENIED', detail: `node ${id} belongs to production` };
    }
    if (record.scope !== scope) this.bind(member, scope);
    if (streams.size === 0) record.reconnected();
    streams.add(stream);
    record.identity = node.bytes.length <= MOST_IDENTITY ? node.bytes : undefined;
    logger.info({ node: id, scope, protocol, known: record.known }, 'proxy connected');
    events.emit('connect', { nodeId: id, cluster, scope, protocol, at: clock.now() });
    return { member };
  }

  detach(stream: ServedStream): void {
    const { clock, events, logger } = this.#options;
    const { id } = stream.node!;
    const { scope, protocol } = stream;
    const member = this.#members.get(id);
    if (!member?.streams.delete(stream)) return;
    // Who is away may be so for long; it says again who it is.
    if (member.streams.size === 0) member.record.identity = undefined;
    logger.info({ node: id, scope }, 'proxy disconnected');
    events.emit('disconnect', { nodeId: id, scope, protocol, at: clock.now() });
    // A stranger's name costs nothing once it is gone.
    if (!member.record.known && member.streams.size === 0 && member.waiters.size === 0) this.forget(id);
  }

  /** Binds a node to a scope: streams of the other end, and what it may not have there is audited. */
  bind(member: Member, scope: ListenerScope): void {
    const { record, streams } = member;
    record.bind(scope);
    for (const stream of [...streams])
      if (stream.scope !== scope) stream.end('PERMISSION_DENIED', `node ${record.id} belongs to ${scope}`);
    // The last stream of a node that nothing is set for takes the node with it; this one has just found out whose it is.
    this.#members.set(record.id, member);
    const out = Map.groupBy(
      [...record.resources()].filter((r) => !fits(r, scope)),
      (r) => r.typeUrl,
    );
    for (const [typeUrl, resources] of out) {
      this.#options.counters.refused += resources.length;
      const names = resources.map((r) => r.name);
      this.#options.attempts.outOfScope(record.id, scope, typeUrl, names);
    }
  }
}
