import type { Clock } from '../mesh/clock.ts';
import { Audit } from './audit.ts';
import type { CallStream } from './call-stream.ts';
import type { AuditEvent, Listeners, XdsEvents } from './events.ts';
import { describe } from './node.ts';
import { describePeer, sourceOf } from './peer.ts';
import type { ListenerScope } from './resource.ts';
import type { ServedStream } from './served-stream.ts';

/** Attempts at what is not allowed: each is an event, and the operator is told of it ({@link Audit}). */
export class Attempts {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #events: Listeners<XdsEvents>;
  readonly #audit: Audit;

  constructor(clock: Pick<Clock, 'now'>, events: Listeners<XdsEvents>, tell: (event: AuditEvent) => void) {
    this.#clock = clock;
    this.#events = events;
    this.#audit = new Audit(tell);
  }

  /** Resources of the shadow were about to be served to a node of another scope. */
  outOfScope(nodeId: string, scope: ListenerScope, typeUrl: string, names: readonly string[]): void {
    this.#record({
      kind: 'scope-violation',
      code: 'UMB0302',
      nodeId,
      scope,
      typeUrl,
      names,
      detail: `${describe(typeUrl, names)} for the shadow only, aimed at ${nodeId} in ${scope}`,
    });
  }

  /** A stream claims a node that belongs to the other side of the wall. */
  otherScope(stream: ServedStream, nodeId: string, owner: ListenerScope): void {
    const { scope, peer } = stream;
    this.#record({
      kind: 'identity-conflict',
      code: 'UMB0304',
      nodeId,
      scope,
      detail: `node ${nodeId} of ${owner} was claimed by ${describePeer(peer)} through a ${scope} listener`,
    });
  }

  /** A stream claims a node that its credential does not cover. */
  unauthorised({ scope, peer }: ServedStream, nodeId: string, reason: string): void {
    const detail = `${describePeer(peer)} claims to be ${nodeId}: ${reason}`;
    this.#record({ kind: 'unauthorised', code: 'UMB0306', nodeId, scope, detail }, sourceOf(peer));
  }

  /** A stream asked for more than it may. */
  beyondLimit({ scope, peer, node }: Pick<CallStream, 'scope' | 'peer' | 'node'>, limit: string): void {
    const detail = `${limit}, from ${describePeer(peer)}`;
    const event = { kind: 'limit-exceeded', code: 'UMB0305', nodeId: node?.id ?? '', scope, detail } as const;
    this.#record(event, `${sourceOf(peer)} ${limit}`);
  }

  #record(event: Omit<AuditEvent, 'at'>, cause?: string): void {
    const attempt = { ...event, at: this.#clock.now() };
    this.#events.emit('attempt', attempt);
    this.#audit.record(attempt, cause);
  }
}
