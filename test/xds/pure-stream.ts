import type { Verdict } from '../../control-plane/xds/answers.ts';
import { ClusterMemory } from '../../control-plane/xds/cluster-memory.ts';
import type { Resource } from '../../control-plane/xds/resource.ts';
import type { StreamNode } from '../../control-plane/xds/stream-state.ts';
import { StreamState } from '../../control-plane/xds/stream-state.ts';
import type { Goal, Outgoing } from '../../control-plane/xds/subscription.ts';
import { TypeSet } from '../../control-plane/xds/type-set.ts';
import { shortName } from '../../control-plane/xds/type-urls.ts';

interface Options {
  readonly ttl?: boolean;
  readonly patienceMs?: number;
  readonly aggregated?: boolean;
  /** What the node's clients were sent on earlier streams. */
  readonly clusters?: ClusterMemory;
}

/** A stream's state without a server: a test gives goals and requests and reads the answers as short strings. */
export class PureStream implements StreamNode {
  readonly state: StreamState;
  readonly last = new Map<string, Outgoing>();
  /** Types of which something was refused. */
  readonly trouble = new Set<string>();
  readonly synced = new Map<string, TypeSet>();
  readonly #goals = new Map<string, Goal>();
  readonly clusters: ClusterMemory;
  now = 1000;
  #revision = 0;

  constructor(protocol: 'sotw' | 'delta', options: Options = {}) {
    this.state = new StreamState(protocol, {
      ttl: options.ttl ?? false,
      patienceMs: options.patienceMs ?? 5000,
      aggregated: options.aggregated ?? true,
    });
    this.clusters = options.clusters ?? new ClusterMemory();
  }

  goal(typeUrl: string): Goal | undefined {
    return this.#goals.get(typeUrl);
  }
  troubled(typeUrl: string): boolean {
    return this.trouble.has(typeUrl);
  }
  onSynced(typeUrl: string, set: TypeSet): void {
    this.synced.set(typeUrl, set);
  }

  /** What the node should have of a type from now on. */
  want(typeUrl: string, resources: readonly Resource[], frozen: readonly string[] = []): this {
    this.#goals.set(typeUrl, {
      set: new TypeSet(typeUrl, resources),
      frozen: new Set(frozen),
      revision: ++this.#revision,
    });
    return this;
  }

  /** State of the world: a request with these names; by default with the newest nonce of the type. */
  ask(typeUrl: string, names: readonly string[] = [], nonce = this.last.get(typeUrl)?.nonce ?? '', error?: string) {
    return this.state.onSotw(typeUrl, { names, version: '', nonce, error }).kind;
  }

  /** State of the world: the first request of a client that has this version from an earlier stream. */
  bring(typeUrl: string, version: string, names: readonly string[] = []) {
    return this.state.onSotw(typeUrl, { names, version, nonce: '', error: undefined }).kind;
  }

  /** Delta: a request without a nonce. */
  subscribe(
    typeUrl: string,
    subscribe: readonly string[],
    unsubscribe: readonly string[] = [],
    initial: Record<string, string> = {},
  ): Verdict['kind'] {
    return this.state.onDelta(typeUrl, {
      subscribe,
      unsubscribe,
      initialVersions: new Map(Object.entries(initial)),
      nonce: '',
      error: undefined,
    }).kind;
  }

  /** Delta: acknowledges (or refuses) the newest answer of the type. */
  ack(typeUrl: string, error?: string, nonce = this.last.get(typeUrl)!.nonce): Verdict['kind'] {
    return this.state.onDelta(typeUrl, {
      subscribe: [],
      unsubscribe: [],
      initialVersions: new Map(),
      nonce,
      error,
    }).kind;
  }

  /** All answers that are due: `CDS a=1 b=1 -c`, heartbeats with `~`. */
  answers(): string[] {
    const out: string[] = [];
    for (let answer = this.state.next(this, this.now); answer; answer = this.state.next(this, this.now)) {
      this.last.set(answer.typeUrl, answer);
      out.push(text(answer));
      if (out.length > 100) throw new Error(`answers without end: ${out.slice(0, 5).join('; ')}`);
    }
    return out;
  }
}

function text(answer: Outgoing): string {
  const resources = answer.resources.map((r) => new TextDecoder().decode(r.body)).sort();
  const removed = answer.removed.map((name) => `-${name}`).sort();
  return [shortName(answer.typeUrl) + (answer.heartbeat ? '~' : ''), ...resources, ...removed].join(' ');
}
