import assert from 'node:assert/strict';
import { NodeRecord } from '../../control-plane/xds/node.ts';
import type { Resource } from '../../control-plane/xds/resource.ts';
import { StreamState } from '../../control-plane/xds/stream-state.ts';
import type { Outgoing } from '../../control-plane/xds/subscription.ts';
import { hear } from './hear.ts';
import { CDS, EDS, RDS, resource } from './sample.ts';

interface Request {
  readonly type: string;
  readonly error?: string | undefined;
  readonly version: string;
  readonly nonce: string;
  readonly names: readonly string[];
  readonly unsubscribe: readonly string[];
  readonly kept: ReadonlyMap<string, string>;
}

const ROUTES = ['r0', 'r1'];
const PATIENCE_MS = 5000;

/** How the text of what the proxy refuses ends. */
export const REFUSED = '!';

const textOf = (r: Resource) => new TextDecoder().decode(r.body).split('=')[1]!;
const isRefused = (r: Resource) => textOf(r).endsWith(REFUSED);

/**
 * A proxy as Envoy is one: it asks for the endpoints of the clusters it has, says nothing of clusters, also on a new stream,
 * until all of them are warm, that is, endpoints came since they changed, and sends to where its routes lead. Answers and
 * requests lie on the wire until the test moves them. What must hold is asserted whenever something is applied.
 */
export class OrderedProxy {
  readonly #node = new NodeRecord('n');
  readonly #protocol: 'sotw' | 'delta';
  #state!: StreamState;
  #toProxy: Outgoing[] = [];
  #toServer: Request[] = [];
  /** Versions. */
  readonly #clusters = new Map<string, string>();
  readonly #endpoints = new Map<string, string>();
  /** To which cluster each route leads, and its version. */
  readonly #routes = new Map<string, { readonly to: string; readonly version: string }>();
  /** Clusters that came in an answer that was accepted. */
  readonly #known = new Set<string>();
  /** Clusters of which the server knows no version that was accepted: the rest goes on without. */
  readonly #never = new Set<string>();
  /** Of those, where routes lead, until endpoints come. */
  readonly #unserved = new Set<string>();
  /** Changed since endpoints came. */
  readonly #warming = new Set<string>();
  #asked = new Set<string>();
  #nonces = new Map<string, string>();
  /** The answer of clusters that is acknowledged when all are warm. */
  #withheld: Outgoing | undefined;
  /** Of the answers that were applied last, on any stream, by type. */
  readonly #versions = new Map<string, string>();
  /** All clusters were warm once: until then Envoy does not hold back what it says of them. */
  #started = false;
  #askedForClusters = false;

  constructor(protocol: 'sotw' | 'delta') {
    this.#protocol = protocol;
    this.#node.bind('production');
    this.reconnect();
  }

  /** What the server has from now on: clusters (name, edition), each with its endpoints, and a route to each of `to`. */
  serve(clusters: readonly (readonly [string, string])[], to: readonly string[]): void {
    this.#node.ask(
      [
        ...clusters.map(([name, edition]) => resource(CDS, name, edition)),
        ...clusters.map(([name]) => resource(EDS, name)),
        ...to.map((cluster, i) => resource(RDS, ROUTES[i]!, cluster)),
      ],
      () => true,
    );
    this.#pump();
  }

  /** The stream breaks, with all that is on it; the next asks for everything anew. */
  reconnect(): void {
    this.#toProxy = [];
    this.#toServer = [];
    this.#nonces = new Map();
    this.#withheld = undefined;
    this.#askedForClusters = false;
    this.#asked = new Set(this.#clusters.keys());
    // In state of the world it cannot say what it has where it never accepted all of an answer.
    if (this.#protocol === 'sotw' && !this.#versions.has(CDS))
      for (const name of this.#clusters.keys()) this.#never.add(name);
    this.#state = new StreamState(this.#protocol, { ttl: false, patienceMs: PATIENCE_MS, aggregated: true });
    const versions = new Map([...this.#routes].map(([name, { version }]) => [name, version]));
    this.#askWhenWarm();
    if (this.#asked.size > 0) this.#say(EDS, [...this.#asked], [], this.#endpoints);
    this.#say(RDS, ROUTES, [], versions);
  }

  /** The proxy takes the next answer off the wire. */
  hear(): void {
    const answer = this.#toProxy.shift();
    if (!answer) return;
    this.#nonces.set(answer.typeUrl, answer.nonce);
    if (!answer.resources.some(isRefused)) this.#versions.set(answer.typeUrl, answer.version);
    if (answer.typeUrl === CDS) this.#onClusters(answer);
    else if (answer.typeUrl === EDS) this.#onEndpoints(answer);
    else this.#onRoutes(answer);
  }

  /** The server takes the next request off the wire. */
  beHeard(): void {
    const request = this.#toServer.shift();
    if (!request) return;
    const { type, version, nonce, names, unsubscribe, kept, error } = request;
    const verdict =
      this.#protocol === 'sotw'
        ? this.#state.onSotw(type, { names, version, nonce, error })
        : this.#state.onDelta(type, {
            subscribe: names,
            unsubscribe,
            initialVersions: kept,
            nonce,
            error,
          });
    if (verdict.kind === 'ack' && type === CDS) this.#node.clusters.acknowledged(verdict.sent.version);
    hear(this.#node, this.#state.subscription(type)!, verdict, 0);
    this.#pump();
  }

  /** Everything on the wire arrives, without any time passing; then nothing is warming, and the proxy has what the server has. */
  quiesce(): void {
    for (let i = 0; this.#toProxy.length + this.#toServer.length > 0; i++) {
      assert.ok(i < 500, 'no end');
      this.beHeard();
      this.hear();
    }
    assert.deepEqual([...this.#warming], [], 'stuck in warming');
    const types = [CDS, EDS, RDS];
    if (!this.#node.known || types.some((type) => this.#node.troubled(type))) return;
    const wanted = (type: string) =>
      [...this.#node.view(type).resources.values()].map((r) => [r.name, r.version] as const).sort();
    assert.deepEqual([...this.#clusters].sort(), wanted(CDS));
    assert.deepEqual([...this.#routes].map(([name, { version }]) => [name, version]).sort(), wanted(RDS));
    for (const [name, version] of wanted(EDS)) assert.equal(this.#endpoints.get(name), version);
  }

  #onClusters(answer: Outgoing): void {
    const gone = new Set(answer.removed);
    if (this.#protocol === 'sotw')
      for (const name of this.#clusters.keys()) if (!answer.resources.some((r) => r.name === name)) gone.add(name);
    for (const name of gone) {
      if (!this.#never.has(name))
        for (const [route, { to }] of this.#routes)
          assert.notEqual(to, name, `${name} goes while ${route} leads to it`);
      for (const memory of [this.#clusters, this.#endpoints, this.#warming, this.#known]) memory.delete(name);
    }
    for (const r of answer.resources) {
      const { name, version } = r;
      if (isRefused(r)) {
        if (!this.#known.has(name)) this.#never.add(name);
        continue;
      }
      if (!answer.resources.some(isRefused)) {
        this.#known.add(name);
        this.#never.delete(name);
      }
      if (this.#clusters.get(name) !== version) this.#warming.add(name);
      this.#clusters.set(name, version);
    }
    const added = [...this.#clusters.keys()].filter((name) => !this.#asked.has(name));
    const left = [...this.#asked].filter((name) => !this.#clusters.has(name));
    this.#asked = new Set(this.#clusters.keys());
    if (added.length + left.length > 0)
      this.#say(EDS, this.#protocol === 'sotw' ? [...this.#asked] : added, left, new Map());
    this.#withheld = answer;
    this.#acknowledgeWhenWarm();
  }

  #onEndpoints(answer: Outgoing): void {
    for (const { name, version } of answer.resources) {
      if (!this.#clusters.has(name)) continue;
      this.#endpoints.set(name, version);
      this.#unserved.delete(name);
      this.#warming.delete(name);
    }
    // No endpoints is an answer as well.
    for (const name of answer.removed) {
      if (!this.#unserved.has(name))
        for (const [route, { to }] of this.#routes)
          assert.notEqual(to, name, `${route} leads to ${name}: no endpoints`);
      this.#endpoints.delete(name);
      this.#warming.delete(name);
    }
    this.#acknowledge(answer);
    if (this.#warming.size === 0) this.#started = true;
    if (this.#askedForClusters) this.#acknowledgeWhenWarm();
    else this.#askWhenWarm();
  }

  #onRoutes(answer: Outgoing): void {
    for (const r of answer.resources) {
      if (isRefused(r)) continue;
      const { name, version } = r;
      const to = textOf(r);
      this.#routes.set(name, { to, version });
      if (this.#never.has(to)) {
        this.#unserved.add(to);
        continue;
      }
      assert.ok(this.#clusters.has(to), `${name} leads to ${to}, which is not there`);
      assert.ok(this.#endpoints.has(to), `${name} leads to ${to}, which has no endpoints`);
    }
    for (const name of answer.removed) this.#routes.delete(name);
    this.#acknowledge(answer);
  }

  #askWhenWarm(): void {
    if (this.#started && this.#warming.size > 0) return;
    this.#askedForClusters = true;
    this.#say(CDS, [], [], this.#clusters);
  }

  #acknowledgeWhenWarm(): void {
    if (!this.#withheld || this.#warming.size > 0) return;
    this.#started = true;
    this.#acknowledge(this.#withheld);
    this.#withheld = undefined;
  }

  #acknowledge(answer: Outgoing): void {
    const { typeUrl: type, nonce } = answer;
    const bad = answer.resources.filter(isRefused).map((r) => r.name);
    const error = bad.length > 0 ? `cannot: ${bad.join(', ')}` : undefined;
    const names = this.#protocol === 'delta' || type === CDS ? [] : type === EDS ? [...this.#asked] : ROUTES;
    const version = this.#versions.get(type) ?? '';
    this.#toServer.push({ type, version, nonce, names, unsubscribe: [], kept: new Map(), error });
  }

  #say(
    type: string,
    names: readonly string[],
    unsubscribe: readonly string[],
    kept: ReadonlyMap<string, string>,
  ): void {
    const nonce = this.#protocol === 'sotw' ? (this.#nonces.get(type) ?? '') : '';
    const version = this.#versions.get(type) ?? '';
    this.#toServer.push({ type, version, nonce, names, unsubscribe, kept: new Map(kept) });
  }

  #pump(): void {
    for (let answer = this.#state.next(this.#node, 0); answer; answer = this.#state.next(this.#node, 0)) {
      this.#toProxy.push(answer);
      assert.ok(this.#toProxy.length < 200, 'answers without end');
    }
  }
}
