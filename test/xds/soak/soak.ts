import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@bufbuild/protobuf';
import { describeProblem, validate } from '../../../control-plane/envoy/validation/index.ts';
import { wallClock } from '../../../control-plane/mesh/clock.ts';
import { rngOf } from '../../../control-plane/mesh/rng.ts';
import type { Counters } from '../../../control-plane/xds/index.ts';
import type { RunningEnvoy } from '../../envoy/fixtures/envoy.ts';
import { startEnvoy, validateByEnvoy } from '../../envoy/fixtures/envoy.ts';
import type { Upstream } from '../../envoy/fixtures/upstream.ts';
import { startUpstream } from '../../envoy/fixtures/upstream.ts';
import { Journal } from './journal.ts';
import type { Broken, LoadCounts } from './load.ts';
import { Load, UPSTREAM_HEADER } from './load.ts';
import { PlaneProcess } from './plane-process.ts';
import { Relay } from './relay.ts';
import type { Places } from './resources.ts';
import { LAYER, resourcesOf, staticConfig } from './resources.ts';
import type { SoakState } from './world.ts';
import { firstState, nextState, targets } from './world.ts';

export interface SoakOptions {
  readonly updates: number;
  readonly seed: number;
  readonly protocol: 'sotw' | 'delta';
  /** How often the control plane is killed and started again. */
  readonly kills: number;
  /** How often the proxy loses its stream with an update on its way. */
  readonly cuts: number;
  /** Every so many states are shown to `envoy --mode validate` as well. */
  readonly validateEvery: number;
  readonly users: number;
  /** Between two requests of a user, ms. */
  readonly pauseMs: number;
  readonly onProgress?: (line: string) => void;
  /** Told at once of every request that should not have failed. */
  readonly onBroken?: (broken: Broken) => void;
}

export interface SoakReport extends LoadCounts {
  readonly updates: number;
  /** Updates whose acknowledgement was waited for; the others were overtaken by the next. */
  settled: number;
  /** The longest that one of them took, ms. */
  slowestMs: number;
  kills: number;
  cuts: number;
  /** States found valid by `envoy --mode validate`. */
  validated: number;
  /** Of every control plane there was, when it was last asked. */
  readonly planes: (Counters & { lost: number; heapBytes: number })[];
  /** Refusals, audit events, settlements that failed, states that are not valid. Empty in a sound run. */
  readonly troubles: string[];
  /** Envoy's own count of refused updates. */
  rejected: number;
}

const UPSTREAMS = 5;
/** A stream is lost so long after an update at most, ms: from before it is sent until it is acknowledged. */
const LATEST_CUT_MS = 15;

/**
 * Random but valid updates against a real Envoy under load, with streams lost and the control plane killed in between: no request to what is
 * there before and after may fail, nothing may be refused, every answer must be acknowledged.
 */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const run = new Soak(options);
  try {
    await run.start();
    await run.updates();
    return await run.finish();
  } finally {
    await run.stop();
  }
}

class Soak {
  readonly #options: SoakOptions;
  readonly #directory = mkdtempSync(join(tmpdir(), 'umbra-soak-'));
  readonly #rng;
  readonly #journal = new Journal();
  readonly #upstreams: Upstream[] = [];
  readonly #report: Omit<SoakReport, keyof LoadCounts>;
  #state!: SoakState;
  #places!: Places;
  #plane!: PlaneProcess;
  #relay: Relay | undefined;
  #envoy: RunningEnvoy | undefined;
  #load: Load | undefined;

  constructor(options: SoakOptions) {
    this.#options = options;
    this.#rng = rngOf(options.seed);
    this.#report = {
      updates: options.updates,
      settled: 0,
      slowestMs: 0,
      kills: 0,
      cuts: 0,
      validated: 0,
      planes: [],
      troubles: [],
      rejected: 0,
    };
  }

  async start(): Promise<void> {
    for (let i = 0; i < UPSTREAMS; i++) {
      // A connection that an upstream closes as a request comes is nobody's fault, but looks like one.
      const upstream = await startUpstream();
      upstream.behaviour = (req, res) => {
        req.resume();
        res.writeHead(200, { [UPSTREAM_HEADER]: String(i) }).end();
      };
      this.#upstreams.push(upstream);
    }
    this.#places = {
      upstreams: this.#upstreams.map((u) => u.address),
      listener: (name) => ({ pipe: join(this.#directory, `${name}.sock`) }),
    };
    this.#state = firstState(this.#rng, UPSTREAMS);
    await this.#startPlane();
    this.#relay = await Relay.start(this.#socket('relay'), this.#socket('xds'));
    const admin = join(this.#directory, 'admin.sock');
    // Listeners that are replaced go while the run lasts, yet later than any request they have taken.
    const drain = ['--drain-time-s', '30', '--drain-strategy', 'immediate'];
    this.#envoy = await startEnvoy(this.#bootstrap(admin), this.#directory, admin, drain);
    await this.#serve({ wait: true });
    const { users, pauseMs, seed, onBroken = () => {} } = this.#options;
    this.#load = new Load(this.#journal, rngOf(seed + 1), this.#places.listener, { users, pauseMs, onBroken });
  }

  async updates(): Promise<void> {
    const { updates, kills, cuts, onProgress, validateEvery } = this.#options;
    const spread = (count: number) =>
      new Set(Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * updates) / count)));
    const killAfter = spread(kills);
    const cutAfter = spread(cuts);
    for (let n = 1; n <= updates; n++) {
      this.#state = nextState(this.#state, this.#rng, UPSTREAMS);
      if (n % validateEvery === 0) await this.#validate();
      if (killAfter.has(n)) await this.#killInBetween();
      else if (cutAfter.has(n)) await this.#cutInBetween();
      // Some updates overtake the one before.
      else await this.#serve({ wait: n === updates || this.#rng.chance(0.7) });
      if (n % 100 === 0)
        onProgress?.(
          `${n} updates, ${this.#load!.counts.counted} requests, ${this.#load!.counts.broken.length} broken, ${this.#report.troubles.length} troubles`,
        );
      if (this.#envoy!.exited) throw new Error(`Envoy ended: ${this.#envoy!.log.slice(-2000)}`);
    }
    await this.#load!.counted(this.#options.users);
  }

  async finish(): Promise<SoakReport> {
    await this.#load!.stop();
    this.#report.rejected = sumOf(await this.#envoy!.admin('/stats?filter=update_rejected'));
    return { ...this.#report, ...this.#load!.counts };
  }

  async stop(): Promise<void> {
    await this.#load?.stop();
    await this.#envoy?.stop();
    await this.#relay?.stop();
    await this.#plane?.kill();
    for (const upstream of this.#upstreams) await upstream.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #startPlane(): Promise<void> {
    const trouble = (detail: string) => this.#report.troubles.push(detail);
    this.#plane = await PlaneProcess.start(`unix:${this.#socket('xds')}`, trouble);
    this.#report.planes.push({ pushes: 0, acks: 0, nacks: 0, refused: 0, lost: 0, heapBytes: 0 });
  }

  async #serve({ wait }: { wait: boolean }): Promise<void> {
    const resources = resourcesOf(this.#state, this.#places);
    for (const problem of validate(resources)) this.#report.troubles.push(describeProblem(problem));
    const step = this.#journal.ask(targets(this.#state));
    const since = performance.now();
    const done = await this.#plane.set(resources, wait);
    this.#report.planes[this.#report.planes.length - 1] = {
      ...done.counters,
      lost: done.lost,
      heapBytes: done.heapBytes,
    };
    if (!wait) return;
    if (done.state !== 'acked') {
      this.#report.troubles.push(`update ${step}: ${done.state} ${done.detail}`);
      return;
    }
    this.#report.settled++;
    this.#report.slowestMs = Math.max(this.#report.slowestMs, Math.round(performance.now() - since));
    this.#journal.settle(step);
  }

  /**
   * Kills the control plane, lets users go on without one, and starts another. Delta: with an update on its way, of which
   * the proxy may have anything. State of the world: between two updates, since there a server that starts cannot know
   * what its proxies have, and whatever it does not name is gone.
   */
  async #killInBetween(): Promise<void> {
    if (this.#options.protocol === 'sotw') await this.#serve({ wait: true });
    else this.#journal.ask(targets(this.#state));
    const cut = this.#plane.set(resourcesOf(this.#state, this.#places), true).catch(() => undefined);
    await this.#plane.kill();
    await cut;
    this.#report.kills++;
    await this.#load!.counted(this.#options.users * 2);
    await this.#startPlane();
    await this.#serve({ wait: true });
  }

  /** The proxy's stream is lost with an update on its way, and the next updates do not wait until it is back. */
  async #cutInBetween(): Promise<void> {
    await this.#serve({ wait: false });
    await wallClock.sleep(this.#rng.below(LATEST_CUT_MS));
    this.#relay!.cut();
    this.#report.cuts++;
    for (let more = this.#rng.below(3); more > 0; more--) {
      this.#state = nextState(this.#state, this.#rng, UPSTREAMS);
      await this.#serve({ wait: false });
    }
  }

  #socket(name: string): string {
    return join(this.#directory, `${name}.sock`);
  }

  async #validate(): Promise<void> {
    const said = await validateByEnvoy(staticConfig(this.#state, this.#places), this.#directory);
    if (said !== undefined) this.#report.troubles.push(`not valid: ${said}`);
    this.#report.validated++;
  }

  #bootstrap(admin: string): JsonObject {
    const ads: JsonObject = { ads: {}, resourceApiVersion: 'V3' };
    const pipe = (path: string): JsonObject => ({ pipe: { path } });
    return {
      node: { id: 'soak', cluster: 'soak' },
      admin: { address: pipe(admin) },
      dynamicResources: {
        adsConfig: {
          apiType: this.#options.protocol === 'delta' ? 'DELTA_GRPC' : 'GRPC',
          transportApiVersion: 'V3',
          setNodeOnFirstMessageOnly: true,
          // The control plane is back soon; without this Envoy may take half a minute to look.
          grpcServices: [
            {
              envoyGrpc: {
                clusterName: 'xds',
                retryPolicy: { retryBackOff: { baseInterval: '0.1s', maxInterval: '0.5s' } },
              },
            },
          ],
        },
        ldsConfig: ads,
        cdsConfig: ads,
      },
      staticResources: {
        clusters: [
          {
            name: 'xds',
            type: 'STATIC',
            connectTimeout: '1s',
            loadAssignment: {
              clusterName: 'xds',
              endpoints: [{ lbEndpoints: [{ endpoint: { address: pipe(this.#socket('relay')) } }] }],
            },
            typedExtensionProtocolOptions: {
              'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
                '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
                explicitHttpConfig: { http2ProtocolOptions: {} },
              },
            },
          },
        ],
      },
      layeredRuntime: { layers: [{ name: LAYER, rtdsLayer: { name: LAYER, rtdsConfig: ads } }] },
    };
  }
}

/** Sum of the values of Envoy's statistics, as its admin interface lists them. */
function sumOf(stats: string): number {
  return [...stats.matchAll(/: (\d+)$/gm)].reduce((sum, m) => sum + Number(m[1]), 0);
}

/** Answers of the last control plane that nobody acknowledged though the stream lives; those of killed ones cannot be known. */
export function unacknowledged(report: SoakReport): number {
  const { pushes, acks, lost } = report.planes.at(-1)!;
  return pushes - acks - lost;
}
