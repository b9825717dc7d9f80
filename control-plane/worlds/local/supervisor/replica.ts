import { mkdirSync, writeFileSync } from 'node:fs';
import { bootstrap } from '../../../envoy/bootstrap.ts';
import type { ProxyNode } from '../../../envoy/node.ts';
import { preciseTimers } from '../../../envoy/precise-timers.ts';
import type { Clock } from '../../../mesh/clock.ts';
import type { LocalWorldName, ProcessSample } from '../protocol.ts';
import { walledEnv } from './child-env.ts';
import type { Command, Launcher } from './command.ts';
import { type ControlGroup, whereLeft } from './control-group.ts';
import { KeptProcess } from './kept-process.ts';
import { planKey, type ReplicaPlan } from './layout.ts';
import type { RunDirectory } from './run-directory.ts';

export interface ReplicaHost {
  readonly launcher: Launcher;
  readonly run: RunDirectory;
  readonly envoyBinary: string;
  readonly clock: Clock;
  /** Environment of the run: the caller's, with all its secrets. What the shadow gets of it is chosen. */
  readonly env: Readonly<Record<string, string>>;
  /** Its own control group, where those may be made. */
  readonly group?: (name: string) => ControlGroup | undefined;
  readonly say: (line: string) => void;
}

const PROBE_EVERY_MS = 150;
/** A replica that has never answered and ended so often in a row is not waited for. */
const MOST_FAILURES = 4;
const GRACE_MS = 3000;

/** The command of one Envoy; its bootstrap is written beside its admin socket. */
export function envoyCommand(host: ReplicaHost, node: ProxyNode): Command {
  const { run } = host;
  const file = run.envoy(node.world, node.service, node.replica, 'json');
  const document = bootstrap(node, {
    xds: { pipe: run.xdsSocket(node.world) },
    admin: { pipe: run.envoy(node.world, node.service, node.replica, 'sock') },
    statsIntervalMs: 1000,
  });
  writeFileSync(file, JSON.stringify(document), { mode: 0o600 });
  const name = `${node.service}.${node.replica}.envoy`;
  return {
    name,
    // Without hot restart an Envoy needs no shared memory, so that any number of them lives side by side.
    argv: [
      host.envoyBinary,
      '--config-path',
      file,
      '--disable-hot-restart',
      '--concurrency',
      '1',
      '--log-level',
      'warning',
      // It warns of each use of the deprecated field that keeps a failed filter from failing requests.
      '--component-log-level',
      'misc:error',
    ],
    cwd: '/',
    env: node.world === 'shadow' ? { ...walledEnv(host.env), ...preciseTimers } : host.env,
    log: run.log(node.world, name),
  };
}

/** One replica of a service: its process, its sidecar, and whether it answers. */
export class Replica {
  readonly world: LocalWorldName;
  readonly app: KeptProcess;
  readonly envoy: KeptProcess;
  readonly group: ControlGroup | undefined;
  readonly #host: ReplicaHost;
  #plan: ReplicaPlan;
  #wasReady = false;
  /** Nobody waits for its answer any more. */
  #abandoned = false;
  #cores = 0;
  #sampledAt = 0;
  #sampledCpu = 0;

  constructor(host: ReplicaHost, plan: ReplicaPlan) {
    this.#host = host;
    this.#plan = plan;
    this.world = plan.world;
    const name = `${plan.service}.${plan.replica}`;
    this.group = host.group?.(name);
    this.group?.setCpu(plan.cpuLimit);
    this.group?.setMemory(plan.memoryLimit);
    this.app = new KeptProcess(host.launcher, this.#command(), host.clock, {
      onStart: (process) => this.group?.add(process.pid),
      onExit: (exit, wait) => {
        if (wait !== undefined && wait > 0)
          host.say(`${plan.world} ${name} ended (${exit.signal ?? exit.code}); again in ${wait / 1000} s`);
      },
    });
    this.envoy = new KeptProcess(host.launcher, envoyCommand(host, plan.node), host.clock);
  }

  get plan(): ReplicaPlan {
    return this.#plan;
  }
  /** It answered at least once: from then on it is an endpoint, also while it is down, as in a mesh that learns of it by its traffic. */
  get endpoint(): boolean {
    return this.#wasReady;
  }

  #command(): Command {
    const { service, replica, argv, cwd, env, data } = this.#plan;
    // The shadow's are made inside it, where no link can lead out.
    if (this.world === 'production') mkdirSync(data, { recursive: true, mode: 0o700 });
    const name = `${service}.${replica}`;
    return { name, argv, cwd, env, log: this.#host.run.log(this.world, name) };
  }

  async start(): Promise<void> {
    await this.app.start();
    await this.envoy.start();
  }

  /** Ends {@link answers} without stopping it. */
  abandon(): void {
    this.#abandoned = true;
  }

  /** Resolves true once it answers; false after `withinMs`, or when it is stopped or abandoned before. */
  async answers(withinMs: number, signal?: AbortSignal): Promise<boolean> {
    const { clock, launcher } = this.#host;
    const until = clock.now() + withinMs;
    while (!this.#abandoned && !signal?.aborted) {
      if (this.app.current && (await launcher.probe(this.#plan.ports.app, this.#plan.health))) {
        this.#wasReady = true;
        return true;
      }
      if (clock.now() >= until || this.app.failures >= MOST_FAILURES) return false;
      await clock.sleep(PROBE_EVERY_MS);
    }
    return false;
  }

  /** Follows a changed document: restarts only where something that matters differs. Returns whether it did. */
  async follow(plan: ReplicaPlan): Promise<boolean> {
    if (planKey(plan) === planKey(this.#plan)) return false;
    this.#plan = plan;
    this.group?.setCpu(plan.cpuLimit);
    this.group?.setMemory(plan.memoryLimit);
    await this.app.restart(this.#command());
    return true;
  }

  /** Cores used lately: between the last two samples. */
  get cores(): number {
    return this.#cores;
  }

  sample(): ProcessSample {
    const { service, replica } = this.#plan;
    const use = this.app.use();
    const now = this.#host.clock.now();
    const elapsed = (now - this.#sampledAt) / 1000;
    if (elapsed > 0.2) {
      this.#cores = Math.max(0, use.cpuSeconds - this.#sampledCpu) / elapsed;
      this.#sampledAt = now;
      this.#sampledCpu = use.cpuSeconds;
    }
    return {
      service,
      replica,
      ...use,
      cpuLimit: whereLeft(() => this.group?.cpu()) ?? 0,
      memoryLimit: whereLeft(() => this.group?.memory()) ?? 0,
      restarts: this.app.restarts,
    };
  }

  async stop(): Promise<void> {
    this.abandon();
    await Promise.all([this.app.stop(GRACE_MS), this.envoy.stop(GRACE_MS)]);
    this.group?.remove();
  }
}
