import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import type * as grpc from '@grpc/grpc-js';
import type { ManagementServer } from '../../control-plane/xds/index.ts';
import { shortName, typeUrls } from '../../control-plane/xds/index.ts';
import { DeltaStream, SotwStream } from '../xds/client.ts';
import { bareMessages, callAdapter } from './adapter-client.ts';

export interface Variant {
  readonly protocol: 'sotw' | 'delta';
  readonly streams: 'separate' | 'aggregated';
}

export type Type = 'CDS' | 'LDS' | 'RDS' | 'EDS';

/** A resource as last received. */
interface Received {
  readonly version: string;
  readonly nonce: string;
}

const paths: Readonly<Record<Type, string>> = {
  CDS: '/envoy.service.cluster.v3.ClusterDiscoveryService/*Clusters',
  LDS: '/envoy.service.listener.v3.ListenerDiscoveryService/*Listeners',
  RDS: '/envoy.service.route.v3.RouteDiscoveryService/*Routes',
  EDS: '/envoy.service.endpoint.v3.EndpointDiscoveryService/*Endpoints',
};

/**
 * One scenario's client and its hand on the server: says what the server has by the adapter, subscribes as a proxy would,
 * acknowledges everything, and knows what it has received. Where the CNCF's harness sleeps for seconds to see that nothing
 * comes, this looks into the server: what is not sent when the request was handled is not sent.
 */
export class Harness {
  readonly #node = 'test-id';
  readonly #client: grpc.Client;
  readonly #server: ManagementServer;
  readonly #variant: Variant;
  readonly #streams = new Map<string, SotwStream | DeltaStream>();
  readonly #received = new Map<Type, Map<string, Received>>();
  readonly #removed = new Map<Type, Set<string>>();
  readonly #asked = new Map<Type, Set<string>>();
  readonly #before: { pushes: number; acks: number };
  #identified = new Set<SotwStream | DeltaStream>();
  #answers = 0;
  /** Subscriptions and changes: each may be answered once. */
  #causes = 0;
  #failure: unknown;

  constructor(client: grpc.Client, server: ManagementServer, variant: Variant) {
    this.#client = client;
    this.#server = server;
    this.#variant = variant;
    this.#before = { ...server.counters };
  }

  /** What the server has when the scenario begins. */
  async setup(types: readonly Type[], resources: readonly string[], version: string): Promise<void> {
    await callAdapter(this.#client, 'SetState', {
      node: this.#node,
      version,
      resources: bareMessages(types, resources),
    });
  }

  /** Ends the scenario: streams are closed, the server forgets the node. */
  async end(): Promise<void> {
    for (const stream of this.#streams.values()) stream.close();
    await callAdapter(this.#client, 'ClearState', { node: this.#node });
  }

  wildcard(type: Type): void {
    this.subscribe(type, []);
  }

  /** Asks for these: state of the world for nothing else, delta for these as well. */
  subscribe(type: Type, names: readonly string[]): void {
    this.#causes++;
    const asked = this.#asked.get(type) ?? new Set();
    if (this.#variant.protocol === 'sotw') asked.clear();
    for (const name of names) asked.add(name);
    this.#asked.set(type, asked);
    this.#send(type, { names: [...names], unsubscribe: [] });
  }

  /** State of the world: asks for these from now on, and forgets what came before. Resolves when the server knows. */
  async narrow(type: Type, names: readonly string[]): Promise<void> {
    this.subscribe(type, names);
    this.#received.delete(type);
    await this.#serverKnows(type, names);
  }

  /** Delta: no longer asks for this. Resolves when the server knows. */
  async unsubscribe(type: Type, name: string): Promise<void> {
    this.#asked.get(type)!.delete(name);
    this.#received.get(type)!.delete(name);
    this.#send(type, { names: [], unsubscribe: [name] });
    await this.#serverKnows(type, [...this.#asked.get(type)!]);
  }

  async add(type: Type, name: string, version: string): Promise<void> {
    await this.#change('AddResource', type, name, version);
  }

  async update(type: Type, name: string, version: string): Promise<void> {
    await this.#change('UpdateResource', type, name, version);
  }

  async remove(type: Type, name: string): Promise<void> {
    await this.#change('RemoveResource', type, name, this.#received.get(type)!.get(name)!.version);
  }

  /** Waits until these were received in this version. */
  async receives(type: Type, names: readonly string[], version: string): Promise<void> {
    await this.#until(
      () => names.every((name) => this.#received.get(type)?.get(name)?.version === version),
      () => `${type} ${names} in version ${version}; received ${this.#text(type)}`,
    );
  }

  /** Waits until this is known to be gone. */
  async receivesRemoval(type: Type, name: string): Promise<void> {
    await this.#until(
      () => this.#removed.get(type)?.has(name) === true,
      () => `the removal of ${type} ${name}`,
    );
  }

  /** Waits until these were received, and nothing else. */
  async receivesOnly(type: Type, names: readonly string[], version: string): Promise<void> {
    await this.receives(type, names, version);
    await this.quiet();
    assert.deepEqual([...this.#received.get(type)!.keys()].sort(), [...names].sort());
  }

  /** Nothing of this type that this client does not ask for has come since it stopped asking. */
  async receivesNone(type: Type, names: readonly string[]): Promise<void> {
    await this.quiet();
    for (const name of names) assert.equal(this.#received.get(type)?.get(name), undefined, `${type} ${name} came`);
  }

  /** These came in one answer. */
  cameTogether(type: Type, names: readonly string[]): void {
    const nonces = new Set(names.map((name) => this.#received.get(type)!.get(name)!.nonce));
    assert.equal(nonces.size, 1, this.#text(type));
  }

  /** Nothing else has the version (if `version`) or the nonce of this resource. */
  cameAlone(type: Type, name: string, what: { version: boolean }): void {
    const { [name]: chosen, ...others } = Object.fromEntries(this.#received.get(type)!);
    for (const [other, { version, nonce }] of Object.entries(others)) {
      assert.notEqual(nonce, chosen!.nonce, `${other} came with ${name}`);
      if (what.version) assert.notEqual(version, chosen!.version, `${other} has the version of ${name}`);
    }
  }

  /** The server has nothing more to say, and has not said more than it was given cause to. */
  async quiet(): Promise<void> {
    const sent = () => this.#server.counters.pushes - this.#before.pushes;
    const acked = () => this.#server.counters.acks - this.#before.acks;
    await this.#until(
      () => this.#answers === sent() && acked() === sent(),
      () => `every answer to be acknowledged: ${sent()} sent, ${this.#answers} received, ${acked()} acknowledged`,
    );
    assert.ok(sent() <= this.#causes, `${sent()} answers to ${this.#causes} causes`);
  }

  async #change(
    method: 'AddResource' | 'UpdateResource' | 'RemoveResource',
    type: Type,
    name: string,
    version: string,
  ) {
    this.#causes++;
    await callAdapter(this.#client, method, {
      node: this.#node,
      typeUrl: typeUrls[type],
      resourceName: name,
      version,
    });
  }

  #send(type: Type, { names, unsubscribe }: { names: string[]; unsubscribe: string[] }): void {
    const stream = this.#stream(type);
    // Only the first request of a stream has to say who asks.
    const node = this.#identified.has(stream) ? {} : { node: { id: this.#node } };
    this.#identified.add(stream);
    const typeUrl = typeUrls[type];
    if (stream instanceof DeltaStream)
      stream.send({ ...node, typeUrl, resourceNamesSubscribe: names, resourceNamesUnsubscribe: unsubscribe });
    else stream.send({ ...node, typeUrl, resourceNames: names, responseNonce: this.#lastNonce(type) });
  }

  #nonces = new Map<Type, string>();
  #lastNonce(type: Type): string {
    return this.#nonces.get(type) ?? '';
  }

  #stream(type: Type): SotwStream | DeltaStream {
    const { protocol, streams } = this.#variant;
    const key = streams === 'aggregated' ? 'aggregated' : type;
    let stream = this.#streams.get(key);
    if (!stream) {
      const path = streams === 'aggregated' ? undefined : paths[type];
      stream =
        protocol === 'sotw'
          ? new SotwStream(this.#client, path?.replace('*', 'Stream'))
          : new DeltaStream(this.#client, path?.replace('*', 'Delta'));
      this.#streams.set(key, stream);
      this.#read(stream).catch((error: unknown) => {
        this.#failure ??= error;
      });
    }
    return stream;
  }

  async #read(stream: SotwStream | DeltaStream): Promise<void> {
    for (;;) {
      if (stream instanceof DeltaStream) {
        const answer = await stream.receive();
        const type = shortName(answer.typeUrl) as Type;
        for (const { name } of answer.resources) {
          this.#note(type, name, { version: answer.systemVersionInfo, nonce: answer.nonce });
          this.#removed.get(type)?.delete(name);
        }
        const removed = this.#removed.get(type) ?? new Set();
        for (const name of answer.removedResources) removed.add(name);
        this.#removed.set(type, removed);
        this.#answers++;
        stream.ack(answer);
      } else {
        const answer = await stream.receive();
        const type = shortName(answer.typeUrl) as Type;
        for (const { value } of answer.resources)
          this.#note(type, nameIn(value), { version: answer.versionInfo, nonce: answer.nonce });
        this.#nonces.set(type, answer.nonce);
        this.#answers++;
        stream.ack(answer, [...this.#asked.get(type)!]);
      }
    }
  }

  #note(type: Type, name: string, received: Received): void {
    const all = this.#received.get(type) ?? new Map<string, Received>();
    all.set(name, received);
    this.#received.set(type, all);
  }

  async #serverKnows(type: Type, names: readonly string[]): Promise<void> {
    const wanted = [...names].sort().join();
    const known = () =>
      this.#server
        .status()
        .find((s) => s.nodeId === this.#node)
        ?.types.find((t) => t.type === type)
        ?.names.toSorted()
        .join();
    await this.#until(
      () => known() === wanted,
      () => `the server to know of ${type} ${wanted}, not ${known()}`,
    );
  }

  /** Looks again with every turn of the event loop, in which the server runs as well. */
  async #until(condition: () => boolean, what: () => string): Promise<void> {
    const end = performance.now() + 20_000;
    while (!condition()) {
      if (this.#failure) throw this.#failure;
      if (performance.now() > end) throw new Error(`waited 20 s for ${what()}`);
      await setImmediate();
    }
  }

  #text(type: Type): string {
    return JSON.stringify([...(this.#received.get(type) ?? [])]);
  }
}

/** The name of a bare resource: field 1, as short as names in scenarios are. */
function nameIn(value: Uint8Array): string {
  assert.equal(value[0], (1 << 3) | 2);
  return new TextDecoder().decode(value.subarray(2, 2 + value[1]!));
}
