import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '@bufbuild/protobuf';
import { SHADOW_CLUSTER } from '../../control-plane/envoy/names.ts';
import type { Address, ProxyNode } from '../../control-plane/envoy/node.ts';
import { wallClock } from '../../control-plane/mesh/clock.ts';
import { edge, service, topologyOf } from '../../control-plane/mesh/testing/topology.ts';
import { MirrorWatch } from '../../control-plane/worlds/local/mirror-watch.ts';
import { ask } from '../../test/envoy/fixtures/client.ts';
import { until } from '../../test/envoy/fixtures/envoy.ts';
import { Mesh } from '../../test/envoy/fixtures/mesh.ts';
import { startUpstream, type Upstream } from '../../test/envoy/fixtures/upstream.ts';
import { withTrap } from '../../test/filters/answers.ts';
import { modulePath } from '../../test/filters/modules.ts';
import { mirrorConfig } from './http-filters.ts';

export const IN_FLIGHT = 50;
/** Users who come meanwhile: one every so many ms. */
const EVERY_MS = 20;
/** Production's answers may take as long as they are held back. */
const PATIENCE_MS = 60_000;
/** A module that is not back by then is not coming back. */
const MOST_MS = 30_000;
const MACHINES = 'wasm.envoy.wasm.runtime.v8.active';

/** What one trap did. Times in seconds from the request that trapped. */
export interface Trap {
  /** Until the control plane had noticed it and pushed the configuration anew. */
  readonly noticed: number;
  /** Until the first request that was sent afterwards came to the shadow. */
  readonly back: number;
  /** Answers, of those in flight and the one that trapped, that were not what production answered. */
  readonly changed: number;
  /** The same of all who came meanwhile: what they got. */
  readonly failed: readonly string[];
  /** Virtual machines more than before, once the module was back. */
  readonly machines: number;
}

/** Production's ingress as the control plane makes it, but that it also tells how many virtual machines it has. */
class Ingress extends Mesh {
  protected override bootstrap(node: ProxyNode, xds: string, admin: string): JsonObject {
    const config = super.bootstrap(node, xds, admin);
    const { statsMatcher } = config.statsConfig as { statsMatcher: { inclusionList: { patterns: JsonObject[] } } };
    statsMatcher.inclusionList.patterns.push({ exact: MACHINES });
    return config;
  }
}

/**
 * A real Envoy as production's ingress with a mirror that traps on every body, under our management server, collector and
 * {@link MirrorWatch}, with users and a shadow.
 */
export class TrappingIngress {
  readonly #mesh = new Ingress(topologyOf([service('app')], [edge('ingress', 'app', { timeoutMs: PATIENCE_MS })]));
  readonly #node = this.#mesh.ingress();
  readonly #folder = mkdtempSync(join(tmpdir(), 'umbra-revival-'));
  /** Production's answers that are held back. */
  readonly #slow: ServerResponse[] = [];
  readonly #upstreams: Upstream[] = [];
  #users: NodeJS.Timeout | undefined;
  #generation = 0;
  #sent = 0;
  readonly #failed: string[] = [];
  /** Told the number of each user whose request was copied. */
  #onCopy: (user: number) => void = () => {};

  async start(): Promise<void> {
    const module = join(this.#folder, 'mirror.wasm');
    writeFileSync(module, withTrap(readFileSync(modulePath('mirror')), 'proxy_on_request_body'));
    // A connection that Envoy is about to use again must not be closed under it, however busy the machine is.
    const production = await this.#upstream();
    this.#mesh.endpoints = { app: [{ address: production.address, replica: 0, healthy: true }] };
    production.behaviour = (req, res) => {
      let body = '';
      req.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      req.on('end', () => (req.url === '/slow' ? this.#slow.push(res) : res.end(`${req.url} ${body}`)));
    };
    const shadow = await this.#upstream();
    shadow.behaviour = (req, res) => {
      const user = /^\/users\/(\d+)$/.exec(req.url ?? '');
      if (user) this.#onCopy(Number(user[1]));
      req.resume().on('end', () => res.end());
    };
    this.#mesh.parts = {
      filters: { mirror: module, chaos: modulePath('chaos') },
      shadowIngress: shadow.address,
    };
    this.#configure();
    await this.#mesh.start(this.#node);
    // However this process ends, Envoy does not outlive it.
    process.once('exit', this.#kill);
    this.#users = setInterval(() => void this.#user(++this.#sent), EVERY_MS);
  }

  async #upstream(): Promise<Upstream> {
    const upstream = await startUpstream();
    this.#upstreams.push(upstream);
    return upstream;
  }

  get #entry(): Address {
    return this.#node.ingress!.listen;
  }

  /** The mirror's configuration with the next generation, for the next serving. */
  #configure(): void {
    const mirror = mirrorConfig({
      cluster: SHADOW_CLUSTER,
      maxInFlight: 2 * IN_FLIGHT,
      generation: ++this.#generation,
    });
    this.#mesh.parts = { ...this.#mesh.parts, mirror };
  }

  async #user(n: number): Promise<void> {
    const { status, text } = await ask(this.#entry, `/users/${n}`);
    if (status !== 200 || text !== `/users/${n} `) this.#failed.push(`${status} ${text}`);
  }

  /** Resolves when a user who came after the `n`-th is copied; rejects when none is for long. */
  #copyAfter(n: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error(`no copy within ${MOST_MS / 1000} s of the trap`)), MOST_MS);
    this.#onCopy = (user) => user > n && resolve();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#onCopy = () => {};
    });
  }

  async #machines(): Promise<number> {
    const found = /: (\d+)/.exec(await this.#mesh.envoy(this.#node.id).admin(`/stats?filter=${MACHINES}`));
    if (!found) throw new Error(`Envoy does not tell ${MACHINES}`);
    return Number(found[1]);
  }

  /** How many more there are than `before`: those of a root that has gone end a little later. */
  async #machinesMore(before: number): Promise<number> {
    for (let i = 0; i < 50 && (await this.#machines()) !== before; i++) await sleep(100);
    return (await this.#machines()) - before;
  }

  /**
   * One trap with {@link IN_FLIGHT} requests in flight, under a watch of its own, so that each is the first of its hour.
   * @param afterMs how long after a report of the proxy it comes: reports and heartbeats are a second apart
   * @throws if it did not trap, or the module does not come back
   */
  async trap(afterMs: number): Promise<Trap> {
    let noticedAt: number | undefined;
    const watch = new MirrorWatch({
      clock: wallClock,
      collector: this.#mesh.collector,
      node: this.#node.id,
      share: () => 1,
      revive: () => {
        noticedAt = performance.now();
        this.#configure();
        this.#mesh.server.set(this.#node.id, this.#mesh.build(this.#node));
      },
      onNote: () => {},
    });
    try {
      await until('a beat of the module', () => watch.alive || undefined);
      await sleep(afterMs);
      const before = await this.#machines();
      const inFlight = Array.from({ length: IN_FLIGHT }, () => ask(this.#entry, '/slow'));
      await until('requests in flight', () => this.#slow.length === IN_FLIGHT || undefined);
      this.#failed.length = 0;
      const began = performance.now();
      const body = '{"a":1}';
      const trapped = await ask(this.#entry, '/trap', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      const back = this.#copyAfter(this.#sent);
      for (const res of this.#slow.splice(0)) res.end('late');
      const answers = [
        ...(await Promise.all(inFlight)).map(({ status, text }) => status === 200 && text === 'late'),
        trapped.status === 200 && trapped.text === `/trap ${body}`,
      ];
      await back;
      const backAt = performance.now();
      if (noticedAt === undefined) throw new Error('the module did not trap');
      return {
        noticed: (noticedAt - began) / 1000,
        back: (backAt - began) / 1000,
        changed: answers.filter((same) => !same).length,
        failed: [...this.#failed],
        machines: await this.#machinesMore(before),
      };
    } finally {
      watch.close();
    }
  }

  readonly #kill = () => void this.#mesh.envoy(this.#node.id)?.stop();

  async stop(): Promise<void> {
    process.removeListener('exit', this.#kill);
    clearInterval(this.#users);
    await this.#mesh.stop();
    for (const upstream of this.#upstreams) await upstream.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
