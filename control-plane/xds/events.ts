import type { LoadReport } from './load-reports.ts';
import { remember } from './remember.ts';
import type { ListenerScope } from './resource.ts';

export interface AnswerEvent {
  readonly nodeId: string;
  readonly typeUrl: string;
  /** Version of the set it was made from. */
  readonly version: string;
  readonly at: number;
}

export interface SentEvent extends AnswerEvent {
  readonly bytes: number;
}

export interface AckEvent extends AnswerEvent {
  /** Since it was sent, ms. */
  readonly tookMs: number;
}

export interface NackEvent extends AckEvent {
  /** The proxy's own words. */
  readonly detail: string;
  /** The resources the refusal is put down to. */
  readonly names: readonly string[];
}

export interface StreamEvent {
  readonly nodeId: string;
  readonly scope: ListenerScope;
  readonly protocol: 'sotw' | 'delta';
  readonly at: number;
}

export interface ConnectEvent extends StreamEvent {
  /** `node.cluster`: what the proxy says it belongs to. */
  readonly cluster: string;
}

/** A connection that was not let in. */
export interface TurnedAwayEvent {
  /** The TLS handshake failed, the client's certificate was not believed, or there are too many. */
  readonly reason: 'handshake' | 'certificate' | 'too many';
  readonly detail: string;
  /** Where it came from. */
  readonly peer: string;
}

export interface XdsEvents {
  sent: SentEvent;
  ack: AckEvent;
  nack: NackEvent;
  connect: ConnectEvent;
  disconnect: StreamEvent;
  load: LoadReport;
  /** Every attempt at something that is not allowed; `onAudit` is told of the same once a minute. */
  attempt: AuditEvent;
  turnedAway: TurnedAwayEvent;
}

/** What an operator has to know: always an attempt at something that is not allowed. */
export interface AuditEvent {
  readonly kind: 'scope-violation' | 'identity-conflict' | 'limit-exceeded' | 'unauthorised';
  readonly code: 'UMB0302' | 'UMB0304' | 'UMB0305' | 'UMB0306';
  readonly nodeId: string;
  /** Scope of the listener concerned. */
  readonly scope: ListenerScope;
  readonly typeUrl?: string;
  readonly names?: readonly string[];
  readonly detail: string;
  readonly at: number;
  /** How often the same was attempted since it was last told; absent = not once. */
  readonly repeated?: number;
}

/** A listener for each kind of event; one that throws does not stop the others. */
export class Listeners<Events> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Returns what takes the listener away again. */
  on<K extends keyof Events>(event: K, listener: (event: Events[K]) => void): () => void {
    const set = remember(this.#listeners, event, () => new Set());
    set.add(listener);
    return () => set.delete(listener);
  }

  /** Whether anybody listens: for events that cost something to make. */
  has(event: keyof Events): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0;
  }

  emit<K extends keyof Events>(event: K, value: Events[K]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      try {
        listener(value as never);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
