import { rm } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Documents } from '../../../api/kinds/parse.ts';
import { bytes } from '../../../api/kinds/scalars.ts';
import type { ServiceId } from '../../../mesh/topology.ts';
import { mountScript } from '../../../shadow/isolation/mount-script.ts';
import type { RecordedAnswer } from '../../../shadow/mock/recorded-answer.ts';
import type { DeniedCounters, WorldCapabilities } from '../protocol.ts';
import { walledEnv } from './child-env.ts';
import type { Launcher } from './command.ts';
import { type ControlGroup, detectControlGroups, dissolve, makeControlGroup } from './control-group.ts';
import { replaceData } from './data.ts';
import { FaultRegistry } from './fault-registry.ts';
import { followSocket } from './follow-socket.ts';
import { hostLauncher } from './host-launcher.ts';
import type { ReplicaPlan } from './layout.ts';
import { mountPlan } from './mount-plan.ts';
import { NamespaceLauncher } from './namespace-launcher.ts';
import { removeOverlays } from './overlays.ts';
import { PacketWall } from './packet-wall.ts';
import type { PortAllocator } from './ports.ts';
import { useOf } from './process-table.ts';
import type { ReplicaHost } from './replica.ts';
import { ShadowExternals } from './shadow-externals.ts';
import { groupPrefix } from './sweep.ts';
import { WorldRuntime } from './world-runtime.ts';

export interface ShadowHostOptions {
  readonly documents: Documents;
  readonly file: string;
  readonly host: ReplicaHost;
  readonly ports: PortAllocator;
  readonly runId: string;
  /** Replicas that leases have added to a service of production. */
  readonly addedInProduction: (service: ServiceId) => number;
  readonly forbidden: readonly number[];
  readonly onChange: () => void;
  readonly onDenied: (denied: DeniedCounters) => void;
}

const COUNT_EVERY_MS = 2000;
const LINK_EVERY_MS = 250;
/** Beside what everything else weighs under contention, 1024. */
const SHADOW_SHARES = 256;

/** The shadow: its walls, its replicas, its mocks, and what breaks it. */
export class ShadowHost {
  readonly runtime: WorldRuntime;
  readonly faults: FaultRegistry;
  readonly #options: ShadowHostOptions;
  readonly #launcher: Launcher;
  readonly #namespace: NamespaceLauncher | undefined;
  readonly #wall: PacketWall | undefined;
  readonly #group: ControlGroup | undefined;
  readonly #parent: ControlGroup | undefined;
  readonly #externals: ShadowExternals;
  #documents: Documents;
  #forbidden: readonly number[];
  #fileAttempts = new Map<string, number>();
  #denied: DeniedCounters = { network: 'unknown', files: 'unknown', externals: 'unknown', targets: [] };
  #counter: NodeJS.Timeout | undefined;
  #linker: NodeJS.Timeout | undefined;

  private constructor(
    options: ShadowHostOptions,
    launcher: Launcher,
    namespace: NamespaceLauncher | undefined,
    { group, parent, reason: groupReason }: BoundedGroup,
    fileAttempts: Map<string, number>,
  ) {
    this.#options = options;
    this.#documents = options.documents;
    this.#forbidden = options.forbidden;
    this.#launcher = launcher;
    this.#namespace = namespace;
    const wall =
      namespace &&
      new PacketWall(
        namespace,
        () => this.#ports(),
        (text) => this.runtime.notes.add(text),
      );
    this.#wall = wall;
    this.#group = group;
    this.#parent = parent;
    this.#fileAttempts = fileAttempts;
    const { run } = options.host;
    const load = options.documents.shadow?.spec.chaos?.load ?? [];
    this.#externals = new ShadowExternals({
      documents: options.documents,
      folder: run.world('shadow'),
      launcher,
      clock: options.host.clock,
      env: walledEnv(options.host.env),
      ports: options.ports,
    });
    const host: ReplicaHost = { ...options.host, launcher, group: (name) => this.#group?.child(name) };
    this.runtime = new WorldRuntime(
      {
        world: 'shadow',
        host,
        file: options.file,
        ports: options.ports,
        ingress: { pipe: run.shadowListener },
        isolation: namespace ? 'namespaces' : 'declared',
        capabilities: (): WorldCapabilities => ({
          netfilter: wall?.counts ?? 'the shadow has no network namespace of its own (isolation: declared)',
          process: true,
          cgroup: this.#group ? true : (groupReason ?? 'no control groups'),
          mock: this.#externals.mocked.size > 0 ? true : 'the application has no mocked external',
          users: load.length > 0 ? true : 'the Shadow document names no safe request to multiply (spec.chaos.load)',
        }),
        externals: () => this.#externals.endpoints(),
        replicasOf: (_, service) => this.#scaled(service),
        prepare: (plan) => this.#prepareData(plan),
        onPorts: () => wall?.follow(),
        onChange: options.onChange,
      },
      options.documents,
    );
    this.faults = new FaultRegistry({
      clock: options.host.clock,
      runtime: this.runtime,
      externals: this.#externals,
      users: { socket: run.shadowIngress, paths: load },
      ...(wall ? { filter: (text: string) => wall.change(text) } : {}),
      filterState: async () => wall?.read(),
      bound: () => this.#group?.cpu() ?? 0,
      say: options.host.say,
    });
    if (!namespace) {
      this.runtime.notes.add(
        'isolation: declared — the shadow runs beside production with nothing between them but its configuration',
      );
    }
    if (groupReason) this.runtime.notes.add(`the shadow's CPU and memory are not bounded: ${groupReason}`);
  }

  /** Makes the walls and plans the replicas; starts none. @throws UmbraError UMB0402 where the kernel refuses */
  static async create(options: ShadowHostOptions): Promise<ShadowHost> {
    const spec = options.documents.shadow!.spec;
    const { run, env } = options.host;
    const bounded = boundedGroup(options);
    const fileAttempts = new Map<string, number>();
    let namespace: NamespaceLauncher | undefined;
    let ended = () => {};
    try {
      options.host.say('walling in the shadow: namespaces');
      namespace = await NamespaceLauncher.create({
        script: mountScript(mountPlan(options)),
        scriptFile: run.enterScript,
        log: run.log('shadow', 'init'),
        env: walledEnv(env),
        group: bounded.group?.child('own'),
        onFileAttempt: ({ name }) => fileAttempts.set(name, (fileAttempts.get(name) ?? 0) + 1),
        onEnd: () => ended(),
      });
    } catch (e) {
      if (spec.isolation !== 'declared') {
        bounded.parent?.remove();
        throw e;
      }
      options.host.say(`the shadow is only declared to be isolated: ${(e as Error).message}`);
    }
    const shadow = new ShadowHost(options, namespace ?? hostLauncher, namespace, bounded, fileAttempts);
    ended = () => {
      void shadow.faults.close();
      shadow.runtime.notes.add('the namespaces of the shadow have ended; start `umbra up` again');
      options.onChange();
    };
    await shadow.#externals.plan();
    await shadow.runtime.plan();
    await shadow.#wall?.load();
    return shadow;
  }

  /** Starts mocks and replicas. What does not start is a note; production does not depend on it. */
  async startReplicas(): Promise<void> {
    await this.#externals.start();
    this.#counter = setInterval(() => void this.#count(), COUNT_EVERY_MS);
    this.#linker = setInterval(() => this.#linkIngress(), LINK_EVERY_MS);
    try {
      await this.runtime.start();
    } catch (e) {
      this.runtime.notes.add((e as Error).message);
      this.#options.host.say((e as Error).message);
    }
    this.#options.onChange();
  }

  /** Production's ingress follows the socket the shadow's ingress listens on now, and nothing else that may lie there. */
  #linkIngress(): void {
    const { shadowListener, shadowIngress } = this.#options.host.run;
    try {
      followSocket(shadowListener, shadowIngress);
    } catch {
      // The shadow's ingress is not there just now.
    }
  }

  /** The Shadow's share of what production has: by its document, and by its leases. */
  #scaled(service: ServiceId): number {
    const declared = this.#documents.application.spec.services[service]?.replicas ?? 1;
    const production = declared + this.#options.addedInProduction(service);
    return Math.max(1, Math.round(production * (this.#documents.shadow?.spec.scale ?? 1)));
  }

  /** A replica's data at its start: a copy of production's at that moment, sockets left out. */
  async #prepareData(plan: ReplicaPlan): Promise<void> {
    const { run } = this.#options.host;
    // Two steps: this side reads production and writes where the shadow cannot; the shadow's side does the rest.
    const start = join(run.world('shadow'), 'start', plan.service, String(plan.replica));
    const keeps = this.#documents.application.spec.services[plan.service]?.data ?? false;
    await replaceData(keeps ? run.data('production', plan.service, plan.replica) : '', start);
    await this.#launcher.replaceData(start, plan.data);
    // Until a snapshot is taken, this is what a reset returns to.
    if (keeps) await this.#launcher.replaceData(start, this.#kept(plan));
    await rm(start, { recursive: true, force: true });
  }

  /** Production has adopted them before: its counts are what the shadow's are a share of. */
  adopt(documents: Documents): void {
    this.#documents = documents;
    this.runtime.adopt(documents);
  }

  follow(): Promise<void> {
    return this.runtime.follow();
  }

  /** Production's replica count of a service is another now. Never rejects: production does not depend on it. */
  async followScale(service: ServiceId): Promise<void> {
    try {
      await this.runtime.rest(service, this.#scaled(service));
    } catch (e) {
      this.#options.host.say(`the shadow does not follow the scale of ${service}: ${(e as Error).message}`);
    }
  }

  /** Production's ports, for the packet filter to know. */
  forbid(ports: readonly number[]): void {
    this.#forbidden = ports;
    void this.#wall?.follow();
  }

  recorded(external: ServiceId, answers: readonly RecordedAnswer[]): number {
    return this.#externals.recorded(external, answers);
  }

  denied(): DeniedCounters {
    return this.#denied;
  }

  /** CPU seconds so far of what gives way to production: all of it where a control group of small weight holds it, else nothing. */
  yieldingCpuSeconds(): number {
    return this.#group && this.#namespace ? (useOf(this.#namespace.pid)?.cpuSeconds ?? 0) : 0;
  }

  /** Keeps the services' present data as the state to which {@link resetState} returns. */
  async snapshotState(): Promise<ServiceId[]> {
    return this.#eachWithData(async (replica) => {
      const kept = this.#kept(replica.plan);
      // Nothing may be written while it is copied: the process stands still for that moment.
      replica.app.current?.signal('SIGSTOP');
      try {
        await this.#launcher.replaceData(replica.plan.data, kept);
      } finally {
        replica.app.current?.signal('SIGCONT');
      }
    });
  }

  /** Puts the kept data back and restarts the replicas whose data have changed since; resolves when they answer. */
  async resetState(): Promise<ServiceId[]> {
    return this.#eachWithData(async (replica) => {
      const { data } = replica.plan;
      const kept = this.#kept(replica.plan);
      if (await this.#launcher.sameData(data, kept)) return;
      await replica.app.replaceWhile(() => this.#launcher.replaceData(kept, data));
      await replica.answers(15_000);
    });
  }

  #kept(plan: ReplicaPlan): string {
    return join(this.#options.host.run.world('shadow'), 'kept', plan.service, String(plan.replica));
  }

  async #eachWithData(
    work: (replica: ReturnType<WorldRuntime['allReplicas']>[number]) => Promise<void>,
  ): Promise<ServiceId[]> {
    const replicas = this.runtime
      .allReplicas()
      .filter((r) => this.#documents.application.spec.services[r.plan.service]?.data);
    await Promise.all(replicas.map(work));
    return [...new Set(replicas.map((r) => r.plan.service))];
  }

  #ports() {
    return {
      own: [...this.runtime.usedPorts(), ...this.#externals.ports()],
      forbidden: this.#forbidden,
      deniedExternals: this.#externals.deniedPorts(),
    };
  }

  async #count(): Promise<void> {
    if (!this.#namespace) return;
    const files = [...this.#fileAttempts.values()].reduce((a, b) => a + b, 0);
    const targets = [...this.#fileAttempts].map(([name, count]) => ({ what: `production/${name}`, count }));
    let network: DeniedCounters['network'] = 'unknown';
    let externals: DeniedCounters['externals'] = 'unknown';
    if (this.#wall?.counts === true) {
      try {
        const state = await this.#wall.read();
        network = state.counters.network + state.counters.production + state.counters.refused;
        externals = state.counters.externals + this.#externals.refused();
        for (const [what, count] of Object.entries(state.attempts)) targets.push({ what, count });
      } catch {
        return;
      }
    }
    this.#denied = {
      network,
      files: this.#namespace.wall === 'fuse' ? files : 'unknown',
      externals,
      targets: targets.sort((a, b) => b.count - a.count).slice(0, 20),
    };
    // Also unchanged: a control plane that has just come back knows nothing.
    this.#options.onDenied(this.#denied);
  }

  async stop(): Promise<void> {
    clearInterval(this.#counter);
    clearInterval(this.#linker);
    await this.faults.close();
    const stopped = [this.runtime.stop(), this.#externals.stop()];
    // Nothing in the namespaces needs an orderly end: their data are copies.
    if (this.#namespace) await this.#namespace.stop();
    await Promise.all(stopped);
    if (this.#parent) await dissolve(this.#parent);
    removeOverlays(join(this.#options.host.run.world('shadow'), 'overlay'));
  }
}

interface BoundedGroup {
  readonly group?: ControlGroup;
  /** What holds it; weighs little beside everything else. */
  readonly parent?: ControlGroup;
  readonly reason?: string;
}

function boundedGroup(options: ShadowHostOptions): BoundedGroup {
  const found = detectControlGroups();
  if ('reason' in found) return { reason: found.reason };
  const limits = options.documents.shadow?.spec.resources;
  try {
    const parent = makeControlGroup(found.version, groupPrefix(options.runId));
    parent.setShares(SHADOW_SHARES);
    const group = parent.child('shadow');
    group.setCpu(limits?.cpu ?? Math.max(1, cpus().length / 2));
    group.setMemory(
      limits?.memory === undefined ? Math.min(4 * 2 ** 30, Math.floor(totalmem() / 2)) : bytes(limits.memory),
    );
    return { group, parent };
  } catch (e) {
    return { reason: (e as Error).message };
  }
}
