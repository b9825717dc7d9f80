import assert from 'node:assert/strict';
import type { Verdict } from '../../control-plane/xds/answers.ts';
import { NodeRecord } from '../../control-plane/xds/node.ts';
import type { Resource } from '../../control-plane/xds/resource.ts';
import { StreamState } from '../../control-plane/xds/stream-state.ts';
import type { Outgoing } from '../../control-plane/xds/subscription.ts';
import { isFullState } from '../../control-plane/xds/type-urls.ts';
import { hear } from './hear.ts';
import { resource } from './sample.ts';

/** Between an answer and its acknowledgement. */
const ROUND_TRIP_MS = 20;
/** Shorter than all times to live: in state of the world nothing is refreshed before it ends. */
const PATIENCE_MS = 300;
/** What goes back to its last good version just before that runs out is there again after a few round trips. */
const WAY_BACK_MS = 10 * ROUND_TRIP_MS;

/**
 * A proxy that understands times to live and drops what is not refreshed in time. It acknowledges everything, at once or,
 * as Envoy does while clusters warm, after a while all that came since something new; or refuses resources with a certain
 * text, applying what else came with them.
 */
export class TimedProxy {
  readonly node = new NodeRecord('n');
  readonly has = new Map<string, { version: string; endsAt: number }>();
  readonly #protocol: 'sotw' | 'delta';
  readonly #type: string;
  readonly #refused: string | undefined;
  readonly #wanted = new Map<string, Resource>();
  #state!: StreamState;
  #asked: ReadonlySet<string> = new Set(['*']);
  #lastNonce = '';
  #now = 0;
  /** How long the next answer that says something new will warm. */
  #warmsFor = 0;
  #warmAt = 0;
  #unacknowledged: Outgoing[] = [];

  constructor(protocol: 'sotw' | 'delta', type: string, refused?: string) {
    this.#protocol = protocol;
    this.#type = type;
    this.#refused = refused;
    this.node.bind('shadow');
    this.node.ask([], () => false);
    this.#connect();
  }

  /** The server has this from now on. */
  set(name: string, text: string, ttlMs: number): void {
    this.#wanted.set(name, resource(this.#type, name, text, ttlMs > 0 ? { ttlMs } : {}));
    this.#serve();
  }

  remove(name: string): void {
    this.#wanted.delete(name);
    this.#serve();
  }

  #serve(): void {
    this.node.ask([...this.#wanted.values()], () => false);
    this.#pump();
  }

  /** What it asks for from now on; the rest it drops. */
  ask(names: readonly string[]): void {
    this.settle();
    const before = this.#asked;
    this.#asked = new Set(names);
    const added = names.filter((name) => !before.has(name));
    const dropped = [...before].filter((name) => !this.#asked.has(name));
    if (this.#protocol === 'sotw') this.#sayWhole(this.#lastNonce);
    else this.#say(added, dropped);
    for (const name of this.has.keys()) if (!this.covers(name)) this.has.delete(name);
    this.#pump();
  }

  covers(name: string): boolean {
    return this.#asked.has('*') || this.#asked.has(name);
  }

  refuses(r: Resource): boolean {
    return this.#refused !== undefined && r.version === resource(this.#type, r.name, this.#refused).version;
  }

  /** The next answer that says something new warms for so long. */
  warm(ms: number): void {
    // A refresh of some overtakes no answer of others in state of the world; Envoy is that slow with clusters only.
    if (this.#protocol === 'delta' || isFullState(this.#type)) this.#warmsFor = ms;
  }

  /** Nothing warms any more. */
  settle(): void {
    this.#warmsFor = 0;
    this.wait(Math.max(0, this.#warmAt - this.#now));
  }

  /** The stream breaks, and a new one begins after a while. */
  reconnect(awayMs: number): void {
    this.#now += awayMs;
    // Who is away too long loses what was to be refreshed, rightly.
    for (const [name, { endsAt }] of this.has) if (endsAt < this.#now) this.has.delete(name);
    this.#connect();
  }

  #connect(): void {
    this.#unacknowledged = [];
    this.#warmAt = 0;
    this.#lastNonce = '';
    this.#state = new StreamState(this.#protocol, { ttl: true, patienceMs: PATIENCE_MS, aggregated: true });
    if (this.#protocol === 'sotw') this.#sayWhole('');
    else this.#say([...this.#asked], [], new Map([...this.has].map(([name, { version }]) => [name, version])));
    this.#pump();
  }

  /** Lets time pass as the server's timer would notice. */
  wait(ms: number): void {
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

  /** What it should have and was received has not run out. */
  #check(): void {
    const goal = this.node.goal(this.#type)?.set;
    const grace = this.#refused === undefined ? 0 : WAY_BACK_MS;
    for (const [name, { endsAt }] of this.has)
      if (goal?.get(name) && this.covers(name)) assert.ok(endsAt + grace >= this.#now, `${name} ran out`);
  }

  #pump(): void {
    for (let i = 0; ; i++) {
      assert.ok(i < 100, 'answers without end');
      const answer = this.#state.next(this.node, this.#now);
      if (!answer) return;
      this.#apply(answer);
      if (this.#complaint(answer) !== undefined) {
        // Said at once, after all that was to be said before.
        this.#warmAt = this.#now;
        this.#acknowledgeWhenWarm();
      } else if (!answer.heartbeat && this.#warmsFor > 0 && this.#unacknowledged.length === 0) {
        this.#warmAt = this.#now + this.#warmsFor;
        this.#warmsFor = 0;
      }
      if (this.#now < this.#warmAt) this.#unacknowledged.push(answer);
      else this.#judge(answer);
    }
  }

  #acknowledgeWhenWarm(): void {
    if (this.#now < this.#warmAt) return;
    const answers = this.#unacknowledged;
    this.#unacknowledged = [];
    for (const answer of answers) this.#judge(answer);
  }

  #complaint(answer: Outgoing): string | undefined {
    const bad = answer.resources.find((r) => this.covers(r.name) && this.refuses(r));
    return bad && `cannot: ${bad.name}`;
  }

  #judge(answer: Outgoing): void {
    this.#now += ROUND_TRIP_MS;
    this.#lastNonce = answer.nonce;
    const error = this.#complaint(answer);
    if (this.#protocol === 'sotw') this.#sayWhole(answer.nonce, error);
    else this.#say([], [], new Map(), answer.nonce, error);
  }

  #sayWhole(nonce: string, error?: string): void {
    this.#hear(this.#state.onSotw(this.#type, { names: [...this.#asked], version: '', nonce, error }));
  }

  #say(
    subscribe: readonly string[],
    unsubscribe: readonly string[],
    initialVersions: ReadonlyMap<string, string> = new Map(),
    nonce = '',
    error?: string,
  ): void {
    this.#hear(this.#state.onDelta(this.#type, { subscribe, unsubscribe, initialVersions, nonce, error }));
  }

  #hear(verdict: Verdict): void {
    hear(this.node, this.#state.subscription(this.#type)!, verdict, this.#now);
  }

  #apply(answer: Outgoing): void {
    for (const r of answer.resources) {
      if (!this.covers(r.name) || this.refuses(r)) continue;
      if (answer.heartbeat && answer.protocol === 'delta') assert.equal(this.has.get(r.name)?.version, r.version);
      const endsAt = r.ttlMs === undefined ? Number.POSITIVE_INFINITY : this.#now + r.ttlMs;
      this.has.set(r.name, { version: r.version, endsAt });
    }
    for (const name of answer.removed) this.has.delete(name);
    if (answer.protocol === 'delta') return;
    const sent = new Set(answer.resources.map((r) => r.name));
    // State of the world says nothing of layers that are gone: they run out, or stay.
    for (const name of this.has.keys())
      if (isFullState(this.#type) ? !sent.has(name) : !this.node.view(this.#type).get(name)) this.has.delete(name);
  }
}
