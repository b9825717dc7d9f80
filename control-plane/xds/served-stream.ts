import type { Clock } from '../mesh/clock.ts';
import type { Alarms, Sleeper } from './alarms.ts';
import type { Judgement } from './answers.ts';
import type { CallStream, Refusal, Wire } from './call-stream.ts';
import type { Admitted } from './delta-names.ts';
import { admit } from './delta-names.ts';
import type { Inspector } from './inspect/inspector.ts';
import { isDebugType } from './inspect/istio-debug.ts';
import type { Limits } from './limits.ts';
import type { NodeRecord } from './node.ts';
import type { Member } from './nodes.ts';
import type { Authorise, Peer } from './peer.ts';
import { beyondLimits } from './request-limits.ts';
import type { Decoded, RequestMemory } from './request-memory.ts';
import type { ListenerScope, Resource } from './resource.ts';
import { fits } from './resource.ts';
import { StreamState } from './stream-state.ts';
import type { Outgoing, Subscription } from './subscription.ts';
import type { WireNode, WireRequest } from './wire-request.ts';
import { decodeRequest } from './wire-request.ts';
import { encodeAnswer } from './wire-response.ts';

/**
 * Well-known client features. Envoy understands both but says neither by itself: its bootstrap has to list them under
 * `node.client_features`, the second for the state-of-the-world protocol only.
 */
const TTL_FEATURE = 'xds.config.supports-resource-ttl';
const WRAPPER_FEATURE = 'xds.config.resource-in-sotw';

/** Lists of resources of which production may see each: looked at once, however many streams they are sent to. */
const harmless = new WeakSet<readonly Resource[]>();

/**
 * Bytes of a request that take the server as long as a small request does: read, and recognised or passed over. `more`: of a delta
 * request that asks for more of a type, or less, a quarter of what is read, since it need not be large.
 */
const UNIT = { read: 1024, passed: 4096, more: 256 };

/** More of a proxy's reason for a refusal is not kept, characters. */
const LONGEST_REASON = 4096;

/** What a stream needs of the server. */
export interface Hub {
  readonly clock: Clock;
  readonly alarms: Alarms;
  readonly requests: RequestMemory;
  readonly identifier: string;
  readonly limits: Limits;
  readonly patienceMs: number;
  /** Nothing is served to anybody yet. */
  held(): boolean;
  /** Takes the stream in as one of the node's, or says why not. */
  attach(stream: ServedStream, node: WireNode): { member: Member } | { refused: Refusal; detail: string };
  detach(stream: ServedStream): void;
  /** What a request said of an answer. */
  onVerdict(stream: ServedStream, typeUrl: string, verdict: Judgement, now: number): void;
  onSent(stream: ServedStream, answer: Outgoing, bytes: number): void;
  /** Something in the stream's state may have moved. */
  onProgress(stream: ServedStream): void;
  onScopeViolation(stream: ServedStream, answer: Outgoing, names: readonly string[]): void;
  onLimit(stream: ServedStream, detail: string): void;
  onUnauthorised(stream: ServedStream, nodeId: string, reason: string): void;
}

/** How a stream came in. */
export interface StreamOrigin {
  readonly scope: ListenerScope;
  readonly protocol: 'sotw' | 'delta';
  readonly peer: Peer;
  /** Which nodes the peer may be. */
  readonly authorise: Authorise;
  /** The type of a per-type service; undefined for the aggregated one. */
  readonly fixedType?: string | undefined;
  /** What the address shows of other nodes; undefined = nothing. */
  readonly inspector?: Inspector | undefined;
}

/**
 * One stream: bytes in, bytes out. All decisions are {@link StreamState}'s; here are identity, limits, back-pressure and
 * the timer. Answers are made when the wire takes them and never queued, so a slow client costs no memory: when it
 * reads again it gets the newest state.
 */
export class ServedStream implements CallStream, Sleeper {
  readonly scope: ListenerScope;
  readonly protocol: 'sotw' | 'delta';
  readonly peer: Peer;
  readonly connectedAt: number;
  ackedAt: number | undefined;
  heard = false;
  /** Its node; undefined until it has said which. */
  member: Member | undefined;
  #state: StreamState | undefined;
  #writable = true;
  #closed = false;
  #pumping = false;
  #again = false;
  #alarmAt = Number.POSITIVE_INFINITY;
  readonly #fixedType: string | undefined;
  readonly #authorise: Authorise;
  readonly #inspector: Inspector | undefined;
  /** Answers to istioctl that were sent, by type: to tell their acknowledgement from a new question. */
  #debugNonces: Map<string, string> | undefined;
  readonly #wire: Wire;
  readonly #hub: Hub;

  constructor(hub: Hub, wire: Wire, origin: StreamOrigin) {
    this.#hub = hub;
    this.#wire = wire;
    this.scope = origin.scope;
    this.protocol = origin.protocol;
    this.peer = origin.peer;
    this.#authorise = origin.authorise;
    this.#fixedType = origin.fixedType;
    this.#inspector = origin.inspector;
    this.connectedAt = hub.clock.now();
  }

  get node(): NodeRecord | undefined {
    return this.member?.record;
  }

  get subscriptions(): readonly Subscription[] {
    return this.#state?.subscriptions ?? [];
  }

  /** Whether it may ask for a type. */
  serves(typeUrl: string): boolean {
    return this.#fixedType === undefined || this.#fixedType === typeUrl;
  }

  subscription(typeUrl: string): Subscription | undefined {
    return this.#state?.subscription(typeUrl);
  }

  onMessage(bytes: Uint8Array): number {
    if (this.#closed) return 0;
    this.heard = true;
    const decoded = this.#decode(bytes);
    if (!decoded) return 1;
    const { request } = decoded;
    const known = this.subscription(request.typeUrl || (this.#fixedType ?? ''));
    const before = known?.interest.lists;
    const acknowledges = this.#onRequest(request);
    const asks = known !== undefined && (known.interest.lists !== before || this.#asksInDelta(request));
    const cost = this.#costOf(decoded, bytes.length, asks);
    // How often a client acknowledges is up to the server, unless it asks for something with it.
    return acknowledges && !asks ? cost : 1 + cost;
  }

  #asksInDelta({ names, unsubscribe }: WireRequest): boolean {
    return this.protocol === 'delta' && names.length + unsubscribe.length > 0;
  }

  /** `asks`: it is not the first of its type, and asks for something or lets go of it. Then reading it is the least. */
  #costOf({ recognised, nodeBytes }: Decoded, bytes: number, asks: boolean): number {
    const passed = recognised && !asks ? bytes : nodeBytes;
    return Math.floor(
      passed / UNIT.passed + (bytes - passed) / UNIT[asks && this.protocol === 'delta' ? 'more' : 'read'],
    );
  }

  /** Whether it acknowledged an answer. */
  #onRequest(asked: WireRequest): boolean {
    if (isDebugType(asked.typeUrl)) {
      this.#answerDebug(asked);
      return false;
    }
    if (!this.#identify(asked) || !this.#state) return false;
    const typeUrl = this.#typeOf(asked);
    if (typeUrl === undefined) return false;
    const { request, passing } = this.#admit(asked, typeUrl);
    if (this.#isTooMuch(request, typeUrl)) return false;
    const { nonce } = request;
    const error = request.error?.slice(0, LONGEST_REASON);
    const verdict =
      this.protocol === 'sotw'
        ? this.#state.onSotw(typeUrl, { names: request.names, version: request.version, nonce, error })
        : this.#state.onDelta(typeUrl, {
            subscribe: request.names,
            unsubscribe: request.unsubscribe,
            initialVersions: request.initialVersions,
            nonce,
            error,
            passing,
          });
    if (verdict.kind === 'ack' || verdict.kind === 'nack') {
      const now = this.#hub.clock.now();
      if (verdict.kind === 'ack') this.ackedAt = now;
      this.#hub.onVerdict(this, typeUrl, verdict, now);
    }
    this.pump();
    return verdict.kind === 'ack';
  }

  onDrain(): void {
    this.#writable = true;
    this.pump();
  }

  /** What was due at some time may be sent now. */
  wake(): void {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    this.pump();
  }

  onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#hub.alarms.cancel(this.#alarmAt, this);
    if (this.node) this.#hub.detach(this);
  }

  end(refusal: Refusal, detail: string): void {
    if (this.#closed) return;
    this.onClose();
    this.#wire.end(refusal, detail);
  }

  /** Sends what there is to send now; whether that was anything. */
  pump(): boolean {
    if (this.#pumping) {
      this.#again = true;
      return false;
    }
    this.#pumping = true;
    let sent = false;
    try {
      do {
        this.#again = false;
        if (this.#pumpOnce()) sent = true;
      } while (this.#again);
    } finally {
      this.#pumping = false;
    }
    return sent;
  }

  #pumpOnce(): boolean {
    const { node } = this;
    let sent = false;
    let now = this.#hub.clock.now();
    while (!this.#closed && this.#writable && this.#state && node?.known && !this.#hub.held()) {
      const answer = this.#state.next(node, now);
      if (!answer) break;
      const guarded = this.#guard(answer);
      const message = encodeAnswer(guarded, this.#hub.identifier);
      this.#writable = this.#wire.write(message);
      sent = true;
      this.#hub.onSent(this, guarded, message.length);
      now = this.#hub.clock.now();
    }
    this.#arm(now);
    if (!this.#closed) this.#hub.onProgress(this);
    return sent;
  }

  /** The last wall: goals are already cut to the node's scope, but what leaves is checked against this stream's. */
  #guard(answer: Outgoing): Outgoing {
    if (this.scope === 'shadow' || harmless.has(answer.resources)) return answer;
    if (answer.resources.every((r) => fits(r, this.scope))) {
      harmless.add(answer.resources);
      return answer;
    }
    const out = answer.resources.filter((r) => !fits(r, this.scope)).map((r) => r.name);
    this.#hub.onScopeViolation(this, answer, out);
    return { ...answer, resources: answer.resources.filter((r) => fits(r, this.scope)), key: undefined };
  }

  #decode(bytes: Uint8Array): Decoded | undefined {
    try {
      if (this.node) return this.#hub.requests.decode(bytes, this.protocol);
      return { request: decodeRequest(bytes, this.protocol, true), recognised: false, nodeBytes: 0 };
    } catch (error) {
      this.end('INVALID_ARGUMENT', `not a discovery request: ${(error as Error).message}`);
      return undefined;
    }
  }

  #typeOf(request: WireRequest): string | undefined {
    const typeUrl = request.typeUrl || this.#fixedType;
    if (!typeUrl) this.end('INVALID_ARGUMENT', 'the request names no type');
    else if (this.#fixedType && typeUrl !== this.#fixedType)
      this.end('INVALID_ARGUMENT', `this service serves ${this.#fixedType} only, not ${typeUrl}`);
    else return typeUrl;
    return undefined;
  }

  #admit(request: WireRequest, typeUrl: string): Admitted {
    if (this.protocol === 'sotw') return { request, passing: [] };
    const admitted = admit(request, typeUrl, this.#state!, this.node!, this.#hub.limits);
    if (admitted.limit !== undefined) this.#hub.onLimit(this, admitted.limit);
    return admitted;
  }

  #isTooMuch(request: WireRequest, typeUrl: string): boolean {
    const limit = beyondLimits(request, typeUrl, this.#state!, this.#hub.limits);
    if (!limit) return false;
    this.#hub.onLimit(this, limit);
    this.end('RESOURCE_EXHAUSTED', limit);
    return true;
  }

  /** A question about other nodes. Who asks it is no proxy, and does not become one by it. */
  #answerDebug(request: WireRequest): void {
    const { typeUrl, nonce } = request;
    this.#debugNonces ??= new Map();
    const before = this.#debugNonces.get(typeUrl);
    if (nonce !== '' && before === nonce) return;
    const number = String(Number(before ?? 0) + 1);
    const shown = this.#inspect(request, number);
    if ('refused' in shown) {
      this.end('PERMISSION_DENIED', shown.refused);
      return;
    }
    this.#debugNonces.set(typeUrl, number);
    this.#writable = this.#wire.write(shown.answer);
  }

  #inspect(request: WireRequest, nonce: string): { answer: Buffer } | { refused: string } {
    if (!this.#inspector || this.protocol !== 'sotw' || this.#fixedType)
      return { refused: 'the state of nodes is not shown here' };
    if (!this.#writable || this.#debugNonces!.size > this.#hub.limits.types)
      return { refused: 'read what was answered before asking more' };
    return this.#inspector.debug(this.peer, request, nonce);
  }

  #identify(request: WireRequest): boolean {
    if (this.node) return true;
    const id = request.node?.id ?? '';
    if (id === '' || id.length > this.#hub.limits.nameLength) {
      this.end('INVALID_ARGUMENT', 'the first request of a stream must carry node.id');
      return false;
    }
    const reason = this.#authorise(this.peer, id);
    if (reason !== undefined) {
      this.#hub.onUnauthorised(this, id, reason);
      this.end('PERMISSION_DENIED', `not authorised to be ${id}: ${reason}`);
      return false;
    }
    const attached = this.#hub.attach(this, request.node!);
    if ('refused' in attached) {
      this.end(attached.refused, attached.detail);
      return false;
    }
    this.member = attached.member;
    const features = request.node!.clientFeatures;
    this.#state = new StreamState(this.protocol, {
      ttl: features.includes(TTL_FEATURE) && (this.protocol === 'delta' || features.includes(WRAPPER_FEATURE)),
      patienceMs: this.#hub.patienceMs,
      aggregated: this.#fixedType === undefined,
    });
    return true;
  }

  /** `now`: when the state was last looked at. What was due by then has had its turn; something else has to happen first. */
  #arm(now: number): void {
    if (this.#closed || !this.#state || !this.node?.known || this.#hub.held()) return;
    const at = this.#state.wakeAt(this.node, now);
    const due = at !== undefined && at > now ? at : Number.POSITIVE_INFINITY;
    // Looking earlier than needed does no harm; setting it anew for each answer of each stream costs.
    if (due >= this.#alarmAt) return;
    this.#hub.alarms.cancel(this.#alarmAt, this);
    this.#alarmAt = due;
    this.#hub.alarms.set(due, this);
  }
}
