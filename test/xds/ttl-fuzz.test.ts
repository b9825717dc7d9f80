import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NodeRecord } from '../../control-plane/xds/node.ts';
import type { Resource } from '../../control-plane/xds/resource.ts';
import { StreamState } from '../../control-plane/xds/stream-state.ts';
import type { Outgoing } from '../../control-plane/xds/subscription.ts';
import { isFullState } from '../../control-plane/xds/type-urls.ts';
import { CDS, RTDS, resource } from './sample.ts';

type Op =
  | { op: 'set'; name: string; text: number; ttlMs: number }
  | { op: 'remove'; name: string }
  | { op: 'wait'; ms: number }
  | { op: 'away'; ms: number }
  | { op: 'warm'; ms: number };

const names = ['a', 'b', 'c'];
const ops: fc.Arbitrary<Op[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        op: fc.constant('set' as const),
        name: fc.constantFrom(...names),
        text: fc.nat({ max: 2 }),
        ttlMs: fc.constantFrom(0, 0, 1000, 3000),
      }),
    },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('remove' as const), name: fc.constantFrom(...names) }) },
    { weight: 6, arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.nat({ max: 400 }) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.nat({ max: 9000 }) }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('warm' as const), ms: fc.nat({ max: 15_000 }) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('away' as const), ms: fc.nat({ max: 400 }) }) },
  ),
  { minLength: 1, maxLength: 60 },
);

/** Between an answer and its acknowledgement. */
const ROUND_TRIP_MS = 20;
/** Shorter than all times to live: in state of the world nothing is refreshed before it ends. */
const PATIENCE_MS = 300;

/**
 * A proxy that understands times to live and drops what is not refreshed in time. It acknowledges everything, at once or,
 * as Envoy does while clusters warm, after a while all that came since something new.
 */
class TimedProxy {
  readonly node = new NodeRecord('n');
  readonly has = new Map<string, { version: string; endsAt: number }>();
  readonly #protocol: 'sotw' | 'delta';
  readonly #type: string;
  readonly #wanted = new Map<string, Resource>();
  #state!: StreamState;
  #now = 0;
  /** How long the next answer that says something new will warm. */
  #warmsFor = 0;
  #warmAt = 0;
  #unacknowledged: string[] = [];

  constructor(protocol: 'sotw' | 'delta', type: string) {
    this.#protocol = protocol;
    this.#type = type;
    this.node.bind('shadow');
    this.node.ask([], () => false);
    this.#connect();
  }

  run(op: Op): void {
    if (op.op === 'set' || op.op === 'remove') {
      if (op.op === 'remove') this.#wanted.delete(op.name);
      else
        this.#wanted.set(
          op.name,
          resource(this.#type, op.name, String(op.text), op.ttlMs > 0 ? { ttlMs: op.ttlMs } : {}),
        );
      this.node.ask([...this.#wanted.values()], () => false);
      this.#pump();
    } else if (op.op === 'wait') this.#pass(op.ms);
    else if (op.op === 'warm') {
      // A refresh of some overtakes no answer of others in state of the world; Envoy is that slow with clusters only.
      if (this.#protocol === 'delta' || isFullState(this.#type)) this.#warmsFor = op.ms;
    } else {
      this.#now += op.ms;
      // Who is away too long loses what was to be refreshed, rightly.
      for (const [name, { endsAt }] of this.has) if (endsAt < this.#now) this.has.delete(name);
      this.#connect();
    }
  }

  /** Nothing warms any more. */
  settle(): void {
    this.#warmsFor = 0;
    this.#pass(Math.max(0, this.#warmAt - this.#now));
  }

  #connect(): void {
    this.#unacknowledged = [];
    this.#warmAt = 0;
    this.#state = new StreamState(this.#protocol, { ttl: true, patienceMs: PATIENCE_MS, aggregated: true });
    if (this.#protocol === 'sotw')
      this.#state.onSotw(this.#type, { names: [], version: '', nonce: '', error: undefined });
    else {
      const initialVersions = new Map([...this.has].map(([name, { version }]) => [name, version]));
      this.#state.onDelta(this.#type, { subscribe: [], unsubscribe: [], initialVersions, nonce: '', error: undefined });
    }
    this.#pump();
  }

  /** Lets time pass as the server's timer would notice. */
  #pass(ms: number): void {
    const end = this.#now + ms;
    for (let at = this.#wake(); at !== undefined && at <= end; at = this.#wake()) {
      this.#now = Math.max(this.#now, at);
      this.#check();
      const before = this.#now;
      this.#acknowledgeWhenWarm();
      this.#pump();
      const warms = this.#unacknowledged.length > 0;
      assert.ok(warms || this.#now > before || this.#wake() !== at, 'woken for nothing');
    }
    this.#now = Math.max(this.#now, end);
    this.#check();
  }

  /** The next time that something happens by itself. While it warms, patience ends without anything to say. */
  #wake(): number | undefined {
    if (this.#unacknowledged.length === 0) return this.#state.wakeAt(this.node);
    return Math.min(this.#warmAt, this.#state.wakeAt(this.node, this.#now) ?? this.#warmAt);
  }

  /** What is in the node's set and was received has not run out. */
  #check(): void {
    for (const [name, { endsAt }] of this.has)
      if (this.#wanted.has(name)) assert.ok(endsAt >= this.#now, `${name} ran out`);
  }

  #pump(): void {
    for (let i = 0; ; i++) {
      assert.ok(i < 100, 'answers without end');
      const answer = this.#state.next(this.node, this.#now);
      if (!answer) return;
      this.#apply(answer);
      if (!answer.heartbeat && this.#warmsFor > 0 && this.#unacknowledged.length === 0) {
        this.#warmAt = this.#now + this.#warmsFor;
        this.#warmsFor = 0;
      }
      if (this.#now < this.#warmAt) this.#unacknowledged.push(answer.nonce);
      else this.#acknowledge(answer.nonce);
    }
  }

  #acknowledgeWhenWarm(): void {
    if (this.#now < this.#warmAt) return;
    const nonces = this.#unacknowledged;
    this.#unacknowledged = [];
    for (const nonce of nonces) this.#acknowledge(nonce);
  }

  #acknowledge(nonce: string): void {
    this.#now += ROUND_TRIP_MS;
    if (this.#protocol === 'sotw') this.#state.onSotw(this.#type, { names: [], version: '', nonce, error: undefined });
    else
      this.#state.onDelta(this.#type, {
        subscribe: [],
        unsubscribe: [],
        initialVersions: new Map(),
        nonce,
        error: undefined,
      });
  }

  #apply(answer: Outgoing): void {
    for (const r of answer.resources) {
      if (answer.heartbeat && answer.protocol === 'delta') assert.equal(this.has.get(r.name)?.version, r.version);
      const endsAt = r.ttlMs === undefined ? Number.POSITIVE_INFINITY : this.#now + r.ttlMs;
      this.has.set(r.name, { version: r.version, endsAt });
    }
    for (const name of answer.removed) this.has.delete(name);
    if (answer.protocol === 'delta') return;
    const sent = new Set(answer.resources.map((r) => r.name));
    // State of the world says nothing of layers that are gone: they run out, or stay.
    for (const name of [...this.has.keys()])
      if (isFullState(this.#type) ? !sent.has(name) : !this.node.view(this.#type).get(name)) this.has.delete(name);
  }
}

for (const protocol of ['sotw', 'delta'] as const)
  for (const [name, type] of Object.entries({ RTDS, CDS }))
    test(`${protocol}: nothing of ${name} runs out while the server is there, whatever changes and however often`, () => {
      fc.assert(
        fc.property(ops, (sequence) => {
          const proxy = new TimedProxy(protocol, type);
          for (const op of sequence) proxy.run(op);
          proxy.settle();
          for (const r of proxy.node.view(type).resources.values())
            assert.equal(proxy.has.get(r.name)?.version, r.version, r.name);
        }),
        { numRuns: 500 },
      );
    });
