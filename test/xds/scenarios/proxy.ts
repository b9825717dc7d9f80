import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type {
  DeltaDiscoveryResponse,
  Resource as DiscoveredResource,
  DiscoveryResponse,
} from '../../../control-plane/envoy/protos/gen/envoy/service/discovery/v3/discovery_pb.js';
import { ResourceSchema } from '../../../control-plane/envoy/protos/gen/envoy/service/discovery/v3/discovery_pb.js';
import type { ManagementServer, ManagementServerOptions, Resource } from '../../../control-plane/xds/index.ts';
import { shortName, typeUrls } from '../../../control-plane/xds/index.ts';
import { DeltaStream, SotwStream } from '../client.ts';
import { fixture, resource } from '../fixture.ts';

export type Protocol = 'sotw' | 'delta';
export type Type = keyof typeof typeUrls;

/** An answer as text, the same for both protocols or one for each: `CDS a=1 b=2@500`, removals `-c`, bodiless refreshes `~d`. */
export type Heard = string | Readonly<Record<Protocol, string>>;

interface Options extends Partial<ManagementServerOptions> {
  readonly clientFeatures?: readonly string[];
  /** In one protocol only, where the other has no such thing. */
  readonly only?: Protocol;
}

/** One scenario, told by what a proxy asks and hears; run in both protocols. */
export function scenario(title: string, run: (proxy: ScriptedProxy) => Promise<void>, options: Options = {}): void {
  for (const protocol of ['sotw', 'delta'] as const)
    if (!options.only || options.only === protocol)
      test(`${protocol}: ${title}`, { timeout: 120_000 }, async (t) =>
        run(await ScriptedProxy.connect(t, protocol, options)),
      );
}

const NODE = 'cart';

/**
 * A proxy that does what a scenario says, and the server behind it. It remembers what it asks for, since
 * state of the world says the whole list each time, and the last answer of each type, which it acknowledges or refuses.
 */
export class ScriptedProxy {
  readonly protocol: Protocol;
  readonly server: ManagementServer;
  readonly #fixture: Awaited<ReturnType<typeof fixture>>;
  readonly #clientFeatures: readonly string[];
  readonly #asked = new Map<string, Set<string>>();
  /** Delta: versions by type and name, over streams. */
  readonly #kept = new Map<string, Map<string, string>>();
  /** State of the world: versions by type URL, over streams. */
  readonly #applied = new Map<string, string>();
  #last = new Map<string, { nonce: string; version: string }>();
  #stream: SotwStream | DeltaStream;
  #identified = false;
  #barriers = 0;
  #acks = 0;

  private constructor(protocol: Protocol, of: Awaited<ReturnType<typeof fixture>>, clientFeatures: readonly string[]) {
    this.protocol = protocol;
    this.server = of.server;
    this.#fixture = of;
    this.#clientFeatures = clientFeatures;
    this.#stream = of[protocol]();
  }

  static async connect(t: TestContext, protocol: Protocol, options: Options): Promise<ScriptedProxy> {
    const { clientFeatures = [], only: _, ...server } = options;
    return new ScriptedProxy(protocol, await fixture(t, server), clientFeatures);
  }

  /** What the server has for this proxy from now on: `CDS a b=2`. The revision. */
  has(...types: (string | readonly Resource[])[]): number {
    return this.server.set(NODE, types.flatMap(resourcesOf)).revision;
  }

  /** How the revision ended. */
  settled(revision: number) {
    return this.server.settled(NODE, revision);
  }

  status(type: Type) {
    return this.server.status()[0]!.types.find((s) => s.type === type)!;
  }

  /** Asks for these names (none = for everything), state of the world for nothing else. */
  asks(type: Type, ...names: string[]): void {
    const asked = new Set(this.protocol === 'sotw' ? names : [...(this.#asked.get(type) ?? []), ...names]);
    this.#asked.set(type, asked);
    this.#request(typeUrls[type], names, []);
  }

  /** No longer asks for these. */
  leaves(type: Type, ...names: string[]): void {
    const asked = this.#asked.get(type)!;
    for (const name of names) asked.delete(name);
    this.#request(typeUrls[type], this.protocol === 'sotw' ? [...asked] : [], names);
  }

  /** The next answer is this. */
  async hears(expected: Heard): Promise<void> {
    assert.equal(await this.#next(), typeof expected === 'string' ? expected : expected[this.protocol]);
  }

  /** The next answer, where more than one would do. */
  heard(): Promise<string> {
    return this.#next();
  }

  /** The next answers are these, each acknowledged, and the acknowledgement read, before the next is looked at. */
  async hearsInTurn(...expected: Heard[]): Promise<void> {
    for (const heard of expected) {
      await this.hears(heard);
      this.acks(this.#lastType);
      await this.acked(this.#acks);
    }
  }

  /** Nothing more was said: an answer of a type that nothing waits for would have come after it. */
  async hearsNothing(): Promise<void> {
    const typeUrl = `type.googleapis.com/umbra.test.Barrier${++this.#barriers}`;
    this.#request(typeUrl, [], []);
    assert.equal(await this.#next(), shortName(typeUrl));
    this.acks(typeUrl as Type);
    await this.acked(this.#acks);
  }

  acks(type: Type): void {
    this.#acks++;
    this.applies(type);
    this.#judge(type, this.nonce(type), undefined);
  }

  /** Applies the last answer of this type and does not acknowledge it yet, as Envoy does while clusters warm. */
  applies(type: Type): void {
    this.#applied.set(url(type), this.version(type));
  }

  refuses(type: Type, message: string, how: { nonce?: string; version?: string } = {}): void {
    this.#judge(type, how.nonce ?? this.nonce(type), message, how.version);
  }

  /** Of the last answer of this type. */
  nonce(type: Type): string {
    return this.#last.get(url(type))!.nonce;
  }

  version(type: Type): string {
    return this.#last.get(url(type))!.version;
  }

  /** When the server has counted so many acknowledgements. */
  acked(count: number): Promise<void> {
    return this.#fixture.acked(count);
  }

  /** Makes itself known; resolves when the server knows it. */
  async appears(ask: () => void): Promise<void> {
    const connected = this.#fixture.next('connect');
    ask();
    await connected;
  }

  /** When the server has taken in the refusal of the answer before. `refuse` sends it. */
  async nacked(refuse: () => void): Promise<void> {
    const nacked = this.#fixture.next('nack');
    refuse();
    await nacked;
  }

  /** Loses its stream; resolves when the server has noticed. */
  async disconnects(): Promise<void> {
    const gone = this.#fixture.next('disconnect');
    this.#stream.close();
    await gone;
    this.#last = new Map();
    this.#asked.clear();
    this.#identified = false;
    this.#stream = this.#fixture[this.protocol]();
  }

  /**
   * Asks for these on a new stream (none = for everything) and says what it has kept from the one before: delta every
   * resource's version, state of the world that of the answer applied last.
   */
  resumes(type: Type, ...names: string[]): void {
    if (!(this.#stream instanceof DeltaStream)) {
      this.#asked.set(type, new Set(names));
      const versionInfo = this.#applied.get(typeUrls[type]) ?? '';
      this.#stream.send({ ...this.#node(), typeUrl: typeUrls[type], resourceNames: names, versionInfo });
      return;
    }
    this.#stream.send({
      ...this.#node(),
      typeUrl: typeUrls[type],
      resourceNamesSubscribe: names,
      initialResourceVersions: Object.fromEntries(this.#kept.get(type) ?? []),
    });
  }

  /** Delta: claims to have kept this in some version. */
  keeps(type: Type, name: string, version = 'unheard of'): void {
    const kept = this.#kept.get(type) ?? new Map();
    this.#kept.set(type, kept.set(name, version));
  }

  /** Any request of the protocol, for what no other method says. */
  sends(request: object): void {
    (this.#stream as SotwStream).send({ ...this.#node(), ...request });
  }

  #lastType: Type = 'CDS';

  async #next(): Promise<string> {
    const answer = await this.#stream.receive();
    this.#last.set(answer.typeUrl, {
      nonce: answer.nonce,
      version: 'versionInfo' in answer ? answer.versionInfo : answer.systemVersionInfo,
    });
    const type = shortName(answer.typeUrl);
    this.#lastType = type as Type;
    if ('removedResources' in answer) {
      for (const { name, version } of answer.resources) this.keeps(this.#lastType, name, version);
      for (const name of answer.removedResources) this.#kept.get(type)?.delete(name);
    }
    return [type, ...bodies(answer)].join(' ');
  }

  #judge(type: Type, nonce: string, error: string | undefined, version = ''): void {
    const typeUrl = url(type);
    const errorDetail = error === undefined ? {} : { errorDetail: { code: 13, message: error } };
    if (this.#stream instanceof SotwStream) {
      const resourceNames = [...(this.#asked.get(type) ?? [])];
      this.#stream.send({ typeUrl, responseNonce: nonce, versionInfo: version, resourceNames, ...errorDetail });
    } else this.#stream.send({ typeUrl, responseNonce: nonce, ...errorDetail });
  }

  #request(typeUrl: string, names: string[], unsubscribe: string[]): void {
    const nonce = this.#last.get(typeUrl)?.nonce ?? '';
    const node = this.#node();
    if (this.#stream instanceof SotwStream)
      this.#stream.send({ ...node, typeUrl, resourceNames: names, responseNonce: nonce });
    else
      this.#stream.send({
        ...node,
        typeUrl,
        resourceNamesSubscribe: names,
        resourceNamesUnsubscribe: unsubscribe,
      });
  }

  /** Said once a stream. */
  #node() {
    if (this.#identified) return {};
    this.#identified = true;
    return { node: { id: NODE, clientFeatures: [...this.#clientFeatures] } };
  }
}

function url(type: string): string {
  return typeUrls[type as Type] ?? type;
}

/** `CDS a b=2 c=1@500` (the last with a time to live of half a second) as resources; a list as it is. */
function resourcesOf(given: string | readonly Resource[]): readonly Resource[] {
  if (typeof given !== 'string') return given;
  const [type, ...all] = given.split(' ');
  return all.map((text) => {
    const [, name, value, ttlMs] = /^([^=@]+)(?:=([^@]*))?(?:@(\d+))?$/.exec(text)!;
    return resource(typeUrls[type as Type], name!, value, ttlMs === undefined ? {} : { ttlMs: Number(ttlMs) });
  });
}

/** What {@link resourcesOf} read, as it arrived. */
function bodies(answer: DiscoveryResponse | DeltaDiscoveryResponse): string[] {
  if ('versionInfo' in answer)
    return answer.resources
      .map((any) => (any.typeUrl === WRAPPER ? textOf(fromBinary(ResourceSchema, any.value)) : textOfBody(any)))
      .sort();
  const withBody = answer.resources.filter((r) => r.resource);
  const without = answer.resources.filter((r) => !r.resource);
  return [
    ...withBody.map(textOf).sort(),
    ...without.map((r) => `~${r.name}`).sort(),
    ...answer.removedResources.map((name) => `-${name}`).sort(),
  ];
}

const WRAPPER = `type.googleapis.com/${ResourceSchema.typeName}`;

function textOf({ resource: body, ttl }: DiscoveredResource): string {
  return textOfBody(body!) + (ttl ? `@${Number(ttl.seconds) * 1000 + ttl.nanos / 1e6}` : '');
}

function textOfBody(body: Any): string {
  return new TextDecoder().decode(body.value);
}
