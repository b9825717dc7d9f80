import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { assets } from '../../../assets.ts';
import { findEnvoy } from '../../../envoy/binary.ts';
import { type Clock, wallClock } from '../../../mesh/clock.ts';
import { UmbraError } from '../../../mesh/errors.ts';
import type { Description } from '../protocol.ts';
import { type RpcServer, serveRpc } from '../rpc.ts';
import { childEnv } from './child-env.ts';
import { type ControlGroup, detectControlGroups, dissolve, makeControlGroup } from './control-group.ts';
import { ControlPlaneProcess } from './control-plane-process.ts';
import { within } from './deadline.ts';
import { DocumentFollower } from './document-follower.ts';
import { externalsOf, readDocuments } from './documents.ts';
import { healthCheckOf } from './health-check.ts';
import { hostLauncher } from './host-launcher.ts';
import { MachineLoad } from './machine-load.ts';
import { PortAllocator } from './ports.ts';
import { startTimeOf } from './process-table.ts';
import type { ReplicaHost } from './replica.ts';
import { requestsOf } from './requests.ts';
import { type Ready, RunDirectory } from './run-directory.ts';
import { ShadowHost } from './shadow-host.ts';
import { groupPrefix, isRunning, sweep } from './sweep.ts';
import { neverBroken, WorldRuntime } from './world-runtime.ts';

export interface SupervisorOptions {
  /** The file with the Application and, if there is to be a shadow, the Shadow. */
  readonly file: string;
  /** Where users enter; over the document. */
  readonly port?: number;
  readonly apiPort?: number;
  /** Default: UMBRA_HOME, or ~/.umbra. */
  readonly home?: string;
  /** What is being done, a line at a time. */
  readonly onProgress?: (line: string) => void;
  /** Ends everything in order. */
  readonly signal?: AbortSignal;
  /** Program and arguments of the control plane before `--run DIRECTORY`. Default: this package's own. */
  readonly controlPlane?: readonly string[];
  readonly clock?: Clock;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const HOST = '127.0.0.1';
/** The control plane loads a model and waits for the proxies. */
const CONTROL_PLANE_WITHIN_MS = 60_000;
const ENTER_WITHIN_MS = 30_000;
const SHADOW_LIVE_WITHIN_MS = 10_000;
const CONTROL_PLANE_GRACE_MS = 5000;

/**
 * Owns one application's run: production's replicas and proxies, the shadow's namespaces, and the control plane, which it
 * restarts when it dies. It knows nothing of what the control plane decides; it does what it is asked over its socket and ends
 * faults by their own time.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #clock: Clock;
  readonly #say: (line: string) => void;
  readonly run: RunDirectory;
  readonly runId = randomBytes(4).toString('hex');
  readonly #startedAt: number;
  readonly #file: string;
  readonly #follower: DocumentFollower;
  #entryPort = 0;
  #apiPort = 0;
  #production: WorldRuntime | undefined;
  #shadow: ShadowHost | undefined;
  #noShadow: string | undefined;
  #productionGroup: ControlGroup | undefined;
  #rpc: RpcServer | undefined;
  #controlPlane: ControlPlaneProcess | undefined;
  #tick: NodeJS.Timeout | undefined;
  readonly #load = new MachineLoad();
  /** While it starts. */
  #starting: Promise<Ready> | undefined;
  readonly #interrupted = Promise.withResolvers<never>();
  #stopped: Promise<void> | undefined;

  /** Reads and checks the documents; starts nothing. @throws UmbraError UMB0101, UMB0102, UMB0404 */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? wallClock;
    this.#startedAt = this.#clock.now();
    this.#say = options.onProgress ?? (() => {});
    this.#file = resolve(options.file);
    this.#follower = new DocumentFollower({
      read: () => readDocuments(this.#file),
      worlds: () => (this.#shadow ? [this.#production!, this.#shadow] : [this.#production!]),
      restartControlPlane: (adopt) =>
        this.#waitFor(this.#controlPlane!.restart(adopt, CONTROL_PLANE_GRACE_MS), CONTROL_PLANE_WITHIN_MS),
      onFollowed: (documents) => this.#rpc?.emit('documents', { documents }),
      say: this.#say,
      stopped: () => this.#stopped !== undefined,
    });
    this.run = new RunDirectory(this.#follower.documents.application.metadata.name, options.home);
    this.#interrupted.promise.catch(() => {});
  }

  /**
   * Starts everything and resolves when the control plane says that it is ready. Whatever was started is stopped again where
   * it throws. @throws UmbraError UMB0201, UMB0202, UMB0203, UMB0401, UMB0403, UMB0404
   */
  async start(): Promise<Ready> {
    const before = this.run.readState();
    if (before && isRunning(before))
      throw new UmbraError('UMB0404', `${this.run.path} belongs to process ${before.pid}, which runs`);
    for (const wasm of [assets.mirrorWasm, assets.chaosWasm])
      if (!existsSync(wasm)) throw new UmbraError('UMB0202', wasm);
    const envoyBinary = await findEnvoy({
      ...(this.#options.env ? { env: this.#options.env } : {}),
      onProgress: this.#say,
    });
    const ports = await this.#choosePorts();
    this.run.prepare(Object.keys(this.#follower.documents.application.spec.services));
    if (before) {
      const found = await sweep(this.run, before);
      this.#say(`swept what an earlier run left${found.length > 0 ? `: ${found.join(', ')}` : ''}`);
      this.run.prepare([]);
    }
    this.run.writeState({ runId: this.runId, pid: process.pid, startTime: startTimeOf(process.pid) ?? '' });
    this.run.ensureToken();
    const onAbort = () => void this.stop();
    this.#options.signal?.addEventListener('abort', onAbort, { once: true });
    if (this.#options.signal?.aborted) onAbort();
    this.#starting = this.#bringUp(envoyBinary, ports);
    try {
      const ready = await this.#starting;
      this.#follower.start();
      return ready;
    } catch (e) {
      await this.stop();
      throw e;
    } finally {
      this.#starting = undefined;
    }
  }

  /** Between two steps of the start. @throws Error where the end was asked for meanwhile */
  #goOn(): void {
    if (this.#stopped) throw new Error('it was stopped while it was starting');
  }

  async #choosePorts(): Promise<PortAllocator> {
    const ports = new PortAllocator(Number.parseInt(this.runId, 16));
    const entry = this.#options.port ?? this.#follower.documents.application.spec.entry.port;
    this.#entryPort = await ports.given(entry, "the users' entry");
    this.#apiPort = await ports.given(this.#options.apiPort, 'the API');
    return ports;
  }

  async #bringUp(envoyBinary: string, ports: PortAllocator): Promise<Ready> {
    this.#goOn();
    const env = childEnv(this.#options.env ?? process.env, this.runId);
    const groups = detectControlGroups();
    if ('version' in groups) {
      this.#productionGroup = makeControlGroup(groups.version, `${groupPrefix(this.runId)}-production`);
      // A group weighs as much as one process beside it: production's limited replicas together must not be slowed by that.
      this.#productionGroup.setShares(8192);
    }
    const host: ReplicaHost = {
      launcher: hostLauncher,
      run: this.run,
      envoyBinary,
      clock: this.#clock,
      env,
      say: this.#say,
    };
    this.#production = new WorldRuntime(
      {
        world: 'production',
        host: { ...host, group: (name) => this.#productionGroup?.child(name) },
        file: this.#file,
        ports,
        ingress: { host: HOST, port: this.#entryPort },
        isolation: 'none',
        capabilities: () => neverBroken,
        externals: () => externalsOf(this.#follower.documents),
        replicasOf: (spec) => spec.replicas ?? 1,
        onPorts: () => this.#shadow?.forbid(this.#forbiddenPorts()),
        onChange: () => this.#changed('production'),
      },
      this.#follower.documents,
    );
    await this.#production.plan();
    this.#goOn();
    rmSync(this.run.supervisorSocket, { force: true });
    this.#rpc = await serveRpc(
      this.run.supervisorSocket,
      requestsOf({
        describe: () => this.describe(),
        production: () => this.#production!,
        shadow: () => this.#shadow ?? `there is no shadow: ${this.#noShadow}`,
        ready: (info) => this.#controlPlane?.saidReady(info),
      }),
    );
    this.#goOn();
    await this.#makeShadow(host, ports);
    this.#goOn();
    this.#say('starting production');
    const started = this.#production.start();
    started.catch(() => {});
    this.#say('starting the control plane');
    const controlPlane = new ControlPlaneProcess({
      launcher: hostLauncher,
      run: this.run.path,
      env,
      argv: this.#options.controlPlane,
      clock: this.#clock,
      say: this.#say,
    });
    this.#controlPlane = controlPlane;
    await controlPlane.start();
    this.#goOn();
    this.#tick = setInterval(() => this.#everySecond(), 1000);
    await started;
    this.#goOn();
    this.#say('production answers');
    if (this.#shadow) {
      this.#say('starting the shadow');
      await this.#shadow.startReplicas();
    }
    this.#goOn();
    this.#say('waiting for the control plane');
    const info = await this.#waitFor(controlPlane.ready, CONTROL_PLANE_WITHIN_MS);
    await this.#waitFor(this.#entered(), 2 * ENTER_WITHIN_MS);
    const { paths, entry, pid, runId } = this.describe();
    const ready: Ready = { ...info, tokenFile: paths.token, entry, pid, runId };
    this.run.writeReady(ready);
    return ready;
  }

  /** Waits for what the control plane does. @throws UmbraError UMB0405 where it takes longer, or Error where it is stopped */
  #waitFor<T>(what: Promise<T>, ms: number): Promise<T> {
    const late = () => this.#controlPlane!.late(ms);
    return within(this.#clock, ms, Promise.race([what, this.#interrupted.promise]), late);
  }

  async #makeShadow(host: ReplicaHost, ports: PortAllocator): Promise<void> {
    if (!this.#follower.documents.shadow) {
      this.#noShadow = 'the file holds no Shadow';
      return;
    }
    try {
      this.#shadow = await ShadowHost.create({
        documents: this.#follower.documents,
        file: this.#file,
        host,
        ports,
        runId: this.runId,
        addedInProduction: (service) => this.#production?.added(service) ?? 0,
        forbidden: this.#forbiddenPorts(),
        onChange: () => this.#changed('shadow'),
        onDenied: (denied) => this.#rpc?.emit('denied', denied),
      });
    } catch (e) {
      const reason = e instanceof UmbraError ? e : new UmbraError('UMB0402', (e as Error).message, { cause: e });
      this.#noShadow = reason.message;
      this.#say(`${reason.toText()}\nproduction runs alone`);
    }
  }

  /** Production's own ports and those of what is outside: attempts from the shadow at them are counted as such. */
  #forbiddenPorts(): number[] {
    const externals = Object.values(externalsOf(this.#follower.documents)).flat();
    return [
      this.#entryPort,
      this.#apiPort,
      ...(this.#production?.usedPorts() ?? []),
      ...externals.flatMap((e) => ('port' in e.address ? [e.address.port] : [])),
    ];
  }

  /** Resolves when users can enter: the proxies have been served. */
  async #entered(): Promise<void> {
    await this.#production!.proxiesLive(ENTER_WITHIN_MS);
    if (this.#shadow && !(await this.#shadow.runtime.proxiesLive(SHADOW_LIVE_WITHIN_MS)))
      this.#say('some proxies of the shadow are not served yet; see `umbra check`');
    const check = healthCheckOf(this.#follower.documents.application.spec.entry.health);
    while (!this.#stopped && !(await hostLauncher.probe(this.#entryPort, check))) await this.#clock.sleep(100);
  }

  describe(): Description {
    return {
      runId: this.runId,
      startedAt: this.#startedAt,
      restarted: this.#controlPlane?.wasReady ?? false,
      pid: process.pid,
      file: this.#file,
      documents: this.#follower.documents,
      paths: {
        run: this.run.path,
        store: this.run.store,
        token: this.run.token,
        samples: this.run.samples,
        mocks: this.run.mocks,
      },
      entry: { host: HOST, port: this.#entryPort },
      api: { host: HOST, port: this.#apiPort },
      production: this.#production!.describe(),
      ...(this.#shadow
        ? { shadow: this.#shadow.runtime.describe(), shadowIngress: { pipe: this.run.shadowIngress } }
        : { noShadow: this.#noShadow ?? 'the shadow has not been started' }),
    };
  }

  #changed(world: 'production' | 'shadow'): void {
    const runtime = world === 'production' ? this.#production : this.#shadow?.runtime;
    if (runtime) this.#rpc?.emit('changed', { world, description: runtime.describe() });
  }

  #everySecond(): void {
    if (this.#production) this.#rpc?.emit('processes', { world: 'production', samples: this.#production.samples() });
    if (this.#shadow) this.#rpc?.emit('processes', { world: 'shadow', samples: this.#shadow.runtime.samples() });
    const busy = this.#load.sample(this.#shadow?.yieldingCpuSeconds() ?? 0);
    const ingressCpuSeconds = this.#production?.ingressCpuSeconds() ?? 0;
    this.#rpc?.emit('machine', { ingressCpuSeconds, ...(busy === undefined ? {} : { busy }) });
    this.#production?.boundLogs();
    this.#shadow?.runtime.boundLogs();
    hostLauncher.boundLogs(this.run.logs()).catch(() => {});
  }

  /** Reads the file again (SIGHUP), and follows it. A problem is said. */
  reload(): Promise<void> {
    return this.#follower.reload();
  }

  /** Stops everything in order; nothing is left but data, logs and the store. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      this.#say('stopping');
      this.#interrupted.reject(new Error('it was stopped'));
      rmSync(this.run.ready, { force: true });
      const starting = this.#starting;
      await this.#stopParts();
      if (starting) {
        // Its waits have ended with the parts it waited for; what it made meanwhile is stopped as well.
        await starting.catch(() => {});
        await this.#stopParts();
      }
      if (this.#productionGroup) await dissolve(this.#productionGroup).catch(this.#sayOfStop);
      await this.#rpc?.close();
      this.run.clear();
    })();
    return this.#stopped;
  }

  async #stopParts(): Promise<void> {
    clearInterval(this.#tick);
    await this.#controlPlane?.stop(CONTROL_PLANE_GRACE_MS).catch(this.#sayOfStop);
    await Promise.all([this.#shadow?.stop().catch(this.#sayOfStop), this.#production?.stop().catch(this.#sayOfStop)]);
  }

  /** One part that does not end well must not keep the others. */
  readonly #sayOfStop = (e: Error): void => this.#say(`while stopping: ${e.message}`);
}
