import type { ServiceSpec } from '../../../api/kinds/application.ts';
import type { Documents } from '../../../api/kinds/parse.ts';
import type { Address, Endpoint, ProxyNode } from '../../../envoy/node.ts';
import { UmbraError } from '../../../mesh/errors.ts';
import type { ServiceId } from '../../../mesh/topology.ts';
import { START_WITHIN_MS } from '../../../mesh/world.ts';
import type { LocalWorldName, ProcessSample, WorldCapabilities, WorldDescription } from '../protocol.ts';
import { describeCheck } from './health-check.ts';
import { KeptProcess } from './kept-process.ts';
import { ingressNode, inheritedEnv, planKey, planReplica, type ReplicaPlan, type ReplicaPorts } from './layout.ts';
import { logTail } from './log-tail.ts';
import type { PortAllocator } from './ports.ts';
import { proxyIsLive } from './probe.ts';
import { envoyCommand, Replica, type ReplicaHost } from './replica.ts';

/** Proxies learn of an endpoint's end before its process does. */
const DRAIN_MS = 700;

export interface WorldRuntimeOptions {
  readonly world: LocalWorldName;
  readonly host: ReplicaHost;
  readonly file: string;
  readonly ports: PortAllocator;
  readonly ingress: Address;
  readonly isolation: WorldDescription['isolation'];
  readonly capabilities: () => WorldCapabilities;
  /** Addresses of what is outside. */
  readonly externals: () => Readonly<Record<ServiceId, readonly Endpoint[]>>;
  /** Replicas of a service at rest in this world. */
  readonly replicasOf: (spec: ServiceSpec, service: ServiceId) => number;
  /** Before a replica starts: the place to fill its data folder. */
  readonly prepare?: (plan: ReplicaPlan) => Promise<void>;
  /** Ports were handed out; waited for before anything listens on them. */
  readonly onPorts?: () => Promise<void> | void;
  readonly onChange: () => void;
}

const NEVER = 'production is never broken on purpose';
/** What production can be done to. */
export const neverBroken: WorldCapabilities = {
  netfilter: NEVER,
  process: NEVER,
  cgroup: NEVER,
  mock: NEVER,
  users: NEVER,
};

/** The part of a world that a fault is made in. */
export type Replicas = Pick<WorldRuntime, 'world' | 'replicas'>;

/** The number of the next replica: where one could not be started, there is a gap. */
function lowestFree(replicas: readonly Replica[]): number {
  const taken = new Set(replicas.map((r) => r.plan.replica));
  let number = 0;
  while (taken.has(number)) number++;
  return number;
}

/** One world's replicas and proxies, kept at what the documents and the control plane ask for. */
export class WorldRuntime {
  readonly world: LocalWorldName;
  readonly notes = new Set<string>();
  readonly #options: WorldRuntimeOptions;
  readonly #replicas = new Map<ServiceId, Replica[]>();
  readonly #wanted = new Map<ServiceId, number>();
  readonly #atRest = new Map<ServiceId, number>();
  readonly #ports = new Map<string, ReplicaPorts>();
  readonly #abort = new AbortController();
  readonly #queues = new Map<ServiceId, Promise<unknown>>();
  readonly #ingressNode: ProxyNode;
  #ingress: KeptProcess | undefined;
  #documents: Documents;

  constructor(options: WorldRuntimeOptions, documents: Documents) {
    this.#options = options;
    this.#documents = documents;
    this.world = options.world;
    this.#ingressNode = ingressNode(options.world, options.ingress);
  }

  replicas(service: ServiceId): readonly Replica[] {
    return this.#replicas.get(service) ?? [];
  }
  allReplicas(): Replica[] {
    return [...this.#replicas.values()].flat();
  }
  wanted(service: ServiceId): number {
    return this.#wanted.get(service) ?? 0;
  }

  /** Replicas that leases have added. */
  added(service: ServiceId): number {
    return this.wanted(service) - (this.#atRest.get(service) ?? this.wanted(service));
  }

  /** Plans everything, so that the world can be described, and starts nothing. */
  async plan(): Promise<void> {
    for (const [service, spec] of Object.entries(this.#documents.application.spec.services)) {
      const count = this.#options.replicasOf(spec, service);
      this.#wanted.set(service, count);
      this.#atRest.set(service, count);
      const list: Replica[] = [];
      for (let i = 0; i < count; i++) list.push(new Replica(this.#options.host, await this.#planOf(service, i)));
      this.#replicas.set(service, list);
    }
  }

  /** Starts the ingress and all replicas; resolves when all answer. @throws UmbraError UMB0203, UMB0403 with the log's tail */
  async start(): Promise<void> {
    const { host } = this.#options;
    this.#ingress = new KeptProcess(host.launcher, envoyCommand(host, this.#ingressNode), host.clock);
    await this.#ingress.start();
    const all = this.allReplicas();
    // A few at a time: a machine that starts forty processes at once answers nobody.
    const queue = [...all];
    const lane = async () => {
      for (let next = queue.shift(); next && !this.#abort.signal.aborted; next = queue.shift()) await this.#bring(next);
    };
    try {
      await Promise.all([lane(), lane(), lane()]);
    } catch (e) {
      // What is stopped while it starts does not fail.
      if (!this.#abort.signal.aborted) throw e;
    }
  }

  async #bring(replica: Replica): Promise<void> {
    const { host, world } = this.#options;
    const { plan } = replica;
    const name = `${world} ${plan.service}.${plan.replica}`;
    await this.#options.prepare?.(plan);
    try {
      await replica.start();
    } catch (cause) {
      if (cause instanceof UmbraError) throw cause;
      throw new UmbraError('UMB0403', `${name}: ${plan.argv[0]} cannot be started: ${(cause as Error).message}`, {
        cause,
      });
    }
    if (await replica.answers(START_WITHIN_MS, this.#abort.signal)) {
      host.say(`${name} answers`);
      this.#options.onChange();
      return;
    }
    const place = this.replicas(plan.service).indexOf(replica);
    if (this.#abort.signal.aborted || place >= this.wanted(plan.service)) return;
    const log = host.run.log(world, `${plan.service}.${plan.replica}`);
    throw new UmbraError(
      'UMB0403',
      `${name} did not answer ${describeCheck(plan.health)} (it ended ${replica.app.failures} times in a row, waited for at most ${START_WITHIN_MS / 1000} s); ${log} ends with\n${logTail(log)}`,
    );
  }

  /**
   * Brings a service to `count` replicas; resolves when those asked for answer, or with the reason they do not. Callers are told
   * of an endpoint's end before its process is stopped. One that has not answered yet and is not wanted any more is not waited for.
   */
  scale(service: ServiceId, count: number): Promise<{ ready: number; problem?: string }> {
    if (!this.#replicas.has(service))
      return Promise.resolve({ ready: 0, problem: `${service} is not a service of this world` });
    this.#wanted.set(service, count);
    for (const replica of this.replicas(service).slice(count)) if (!replica.endpoint) replica.abandon();
    return this.#inOrder(service, async () => {
      const list = this.#replicas.get(service)!;
      let problem: string | undefined;
      const added: Replica[] = [];
      while (list.length < count) {
        const replica = new Replica(this.#options.host, await this.#planOf(service, lowestFree(list)));
        list.push(replica);
        added.push(replica);
      }
      if (added.length > 0) this.#options.onChange();
      await Promise.all(
        added.map((replica) =>
          this.#bring(replica).catch(async (e: Error) => {
            problem = e.message;
            list.splice(list.indexOf(replica), 1);
            await replica.stop();
          }),
        ),
      );
      if (list.length > count) {
        const gone = list.splice(count);
        this.#options.onChange();
        await this.#options.host.clock.sleep(DRAIN_MS);
        await Promise.all(gone.map((replica) => replica.stop()));
      }
      this.#options.onChange();
      return { ready: list.filter((r) => r.endpoint).length, ...(problem === undefined ? {} : { problem }) };
    });
  }

  /** Takes changed documents as its own: what is asked for is by them at once, what there is once it has followed them. */
  adopt(documents: Documents): void {
    this.#documents = documents;
    for (const [service, spec] of Object.entries(documents.application.spec.services))
      this.#countAtRest(service, this.#options.replicasOf(spec, service));
  }

  /** Follows the documents adopted: counts, commands, environment, versions. Resolves when everything is as they say. */
  async follow(): Promise<void> {
    await Promise.all(
      Object.keys(this.#documents.application.spec.services).map(async (service) => {
        await this.#inOrder(service, () => this.#roll(service));
        if (this.replicas(service).length !== this.wanted(service)) await this.scale(service, this.wanted(service));
      }),
    );
    this.#options.onChange();
  }

  /**
   * Restarts one replica after the other where the documents have changed it, each once the one before answers: a command that
   * does not run costs a service one replica, not all.
   */
  async #roll(service: ServiceId): Promise<void> {
    const { host } = this.#options;
    const planned = await Promise.all(
      this.replicas(service).map(async (replica) => ({
        replica,
        plan: await this.#planOf(service, replica.plan.replica),
      })),
    );
    if (planned.every(({ replica, plan }) => planKey(plan) === planKey(replica.plan))) return;
    for (const { replica, plan } of planned) {
      const name = `${this.world} ${service}.${plan.replica}`;
      try {
        if (await replica.follow(plan)) host.say(`${name} restarted to follow the document`);
      } catch (e) {
        host.say(`${name} cannot be started as the document says; tried on: ${(e as Error).message}`);
        return;
      }
      if ((await replica.answers(START_WITHIN_MS, this.#abort.signal)) || this.#abort.signal.aborted) continue;
      host.say(`${name} does not answer as the document says; the other replicas of ${service} stay as they are`);
      return;
    }
  }

  /** Changes how many replicas a service has at rest; what leases have added stays added. */
  async rest(service: ServiceId, count: number): Promise<void> {
    if (this.#countAtRest(service, count)) await this.scale(service, this.wanted(service));
  }

  /** Whether that is another count than before. */
  #countAtRest(service: ServiceId, count: number): boolean {
    const difference = count - (this.#atRest.get(service) ?? count);
    if (difference === 0) return false;
    this.#atRest.set(service, count);
    this.#wanted.set(service, Math.max(1, this.wanted(service) + difference));
    return true;
  }

  describe(): WorldDescription {
    const endpoints: Record<ServiceId, readonly Endpoint[]> = { ...this.#options.externals() };
    for (const [service, list] of this.#replicas)
      endpoints[service] = list.map((r) => ({
        address: r.plan.node.inbound!.listen,
        replica: r.plan.replica,
        healthy: r.endpoint,
      }));
    return {
      world: this.world,
      xdsSocket: this.#options.host.run.xdsSocket(this.world),
      nodes: [this.#ingressNode, ...this.allReplicas().map((r) => r.plan.node)],
      endpoints,
      atRest: Object.fromEntries(this.#atRest),
      replicas: Object.fromEntries(this.#wanted),
      capabilities: this.#options.capabilities(),
      notes: [...this.notes],
      isolation: this.#options.isolation,
    };
  }

  /** Resolves true when every proxy has been served all it waits for; false after `withinMs` or at the end. */
  async proxiesLive(withinMs: number): Promise<boolean> {
    const { run, clock } = this.#options.host;
    const until = clock.now() + withinMs;
    const waiting = new Set(this.describe().nodes.map((n) => run.envoy(this.world, n.service, n.replica, 'sock')));
    while (waiting.size > 0) {
      for (const socket of waiting) if (await proxyIsLive(socket)) waiting.delete(socket);
      if (waiting.size === 0) break;
      if (this.#abort.signal.aborted || clock.now() >= until) return false;
      await clock.sleep(100);
    }
    return true;
  }

  samples(): ProcessSample[] {
    return this.allReplicas().map((r) => r.sample());
  }

  /** CPU seconds of the users' ingress proxy so far. */
  ingressCpuSeconds(): number {
    return this.#ingress?.use().cpuSeconds ?? 0;
  }

  boundLogs(): void {
    const { run, launcher } = this.#options.host;
    launcher.boundLogs(run.logs(this.world)).catch(() => {});
  }

  /** Every port a process of this world listens on. */
  usedPorts(): number[] {
    return [...this.#ports.values()].flatMap((p) => [p.app, p.inbound, ...Object.values(p.outbound)]);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.allReplicas().map((r) => r.stop()));
    await this.#ingress?.stop(1000);
  }

  #inOrder<T>(service: ServiceId, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(service) ?? Promise.resolve();
    const next = before.then(work, work);
    this.#queues.set(
      service,
      next.catch(() => {}),
    );
    return next;
  }

  async #planOf(service: ServiceId, replica: number): Promise<ReplicaPlan> {
    const { world, host, file } = this.#options;
    const spec = this.#documents.application.spec.services[service]!;
    return planReplica({
      world,
      service,
      replica,
      spec,
      documents: this.#documents,
      file,
      ports: await this.#portsOf(service, replica, Object.keys(spec.calls ?? {})),
      data: host.run.data(world, service, replica),
      inherited: inheritedEnv(world, this.#documents, host.env),
    });
  }

  async #portsOf(service: ServiceId, replica: number, callees: readonly ServiceId[]): Promise<ReplicaPorts> {
    const key = `${service}.${replica}`;
    const free = () => this.#options.ports.free();
    const known = this.#ports.get(key);
    const outbound: Record<ServiceId, number> = { ...known?.outbound };
    for (const callee of callees) outbound[callee] ??= await free();
    const ports = { app: known?.app ?? (await free()), inbound: known?.inbound ?? (await free()), outbound };
    this.#ports.set(key, ports);
    await this.#options.onPorts?.();
    return ports;
  }
}
