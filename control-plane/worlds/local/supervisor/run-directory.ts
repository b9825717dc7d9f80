import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UmbraError } from '../../../mesh/errors.ts';
import type { ServiceId } from '../../../mesh/topology.ts';
import type { LocalWorldName, ReadyInfo } from '../protocol.ts';

/** Longest path of a Unix socket, bytes with the closing zero (`sun_path`, unix(7)). */
const MOST_SOCKET_PATH = 107;
const READY = 'ready.json';

/** The folder of all applications' folders: UMBRA_HOME, or ~/.umbra where that is not set or empty. */
export function umbraHome(env: NodeJS.ProcessEnv = process.env): string {
  return env.UMBRA_HOME || join(homedir(), '.umbra');
}

/** What the run in an application's folder said when it had started; undefined where none did. */
export function readReady(folder: string): Ready | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, READY), 'utf8')) as Ready;
  } catch {
    return undefined;
  }
}

/** Where one application's run keeps everything: `${UMBRA_HOME:-~/.umbra}/<application>/`. */
export class RunDirectory {
  readonly path: string;
  /** @throws UmbraError UMB0404 where the home cannot be had */
  constructor(application: string, home: string = umbraHome()) {
    this.path = writing(home, () => {
      mkdirSync(home, { recursive: true, mode: 0o700 });
      // Resolved: the shadow finds its own folder by the same path.
      return join(realpathSync(home), application);
    });
  }
  readonly file = (name: string): string => join(this.path, name);
  get supervisorSocket(): string {
    return this.file('supervisor.sock');
  }
  get ready(): string {
    return this.file(READY);
  }
  get state(): string {
    return this.file('supervisor.json');
  }
  get store(): string {
    return this.file('store.db');
  }
  get token(): string {
    return this.file('token');
  }
  /** Sampled exchanges with what is outside, until the recorder has read and removed them. */
  get samples(): string {
    return this.file('samples');
  }
  world(world: LocalWorldName): string {
    return join(this.path, world);
  }
  xdsSocket(world: LocalWorldName): string {
    return join(this.world(world), 'xds.sock');
  }
  /** Where the shadow's ingress listens: in a folder the shadow may write to. */
  get shadowListener(): string {
    return join(this.world('shadow'), 'x', 'in.sock');
  }
  /** The same socket under a name the shadow cannot replace: what production's ingress connects to. */
  get shadowIngress(): string {
    return this.file('shadow.sock');
  }
  /** Builds the shadow's view of this machine's files. */
  get enterScript(): string {
    return this.file('enter-shadow.sh');
  }
  /** Recorded answers for the mocks. */
  get mocks(): string {
    return join(this.world('shadow'), 'mocks');
  }
  data(world: LocalWorldName, service: ServiceId, replica: number): string {
    return join(this.world(world), 'data', service, String(replica));
  }
  /** Of all a world's processes, or of what belongs to no world. */
  logs(world?: LocalWorldName): string {
    return join(world === undefined ? this.path : this.world(world), 'logs');
  }
  log(world: LocalWorldName, name: string): string {
    return join(this.logs(world), `${name}.log`);
  }
  /** Bootstraps and admin sockets of Envoys. */
  envoy(world: LocalWorldName, service: ServiceId, replica: number, suffix: 'json' | 'sock'): string {
    return join(this.world(world), suffix === 'json' ? 'envoy' : 'x', `${service}.${replica}.${suffix}`);
  }

  /** Makes the folders. @throws UmbraError UMB0404 where they cannot be written, or a socket's path would be too long */
  prepare(services: readonly ServiceId[]): void {
    const longest = services.reduce((a, b) => (a.length > b.length ? a : b), 'ingress');
    const socket = this.envoy('production', longest, 99, 'sock');
    if (Buffer.byteLength(socket) > MOST_SOCKET_PATH)
      throw new UmbraError(
        'UMB0404',
        `${this.path} is too long a path: Unix sockets below it would exceed ${MOST_SOCKET_PATH} bytes`,
        { remedy: 'Give a shorter folder: --home or UMBRA_HOME.' },
      );
    writing(this.path, () => {
      for (const world of ['production', 'shadow'] as const) {
        // Logs are of one run.
        rmSync(this.logs(world), { recursive: true, force: true });
        for (const folder of ['data', 'kept', 'start', 'mocks', 'logs', 'envoy', 'x'])
          mkdirSync(join(this.world(world), folder), { recursive: true, mode: 0o700 });
      }
      mkdirSync(this.samples, { recursive: true, mode: 0o700 });
      mkdirSync(this.logs(), { recursive: true, mode: 0o700 });
    });
  }

  /** What changes something through the API needs it; it stays over runs. */
  ensureToken(): void {
    if (!existsSync(this.token))
      writeFileSync(this.token, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  }

  /** What a run leaves for the next start to sweep. */
  writeState(state: RunState): void {
    writeFileSync(this.state, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  }
  readState(): RunState | undefined {
    try {
      return JSON.parse(readFileSync(this.state, 'utf8')) as RunState;
    } catch {
      return undefined;
    }
  }
  /** Says that users can enter, and where. Whoever waits for the file finds all of it. */
  writeReady(ready: Ready): void {
    writeFileSync(`${this.ready}.new`, `${JSON.stringify(ready, null, 2)}\n`);
    renameSync(`${this.ready}.new`, this.ready);
  }

  /** Removes what must not outlive a run. Data, logs and the store stay. */
  clear(): void {
    for (const file of [
      this.ready,
      this.state,
      this.supervisorSocket,
      this.xdsSocket('production'),
      this.xdsSocket('shadow'),
      this.shadowIngress,
      this.enterScript,
    ])
      rmSync(file, { force: true });
    // As they were sent, with whatever is secret in them.
    rmSync(this.samples, { recursive: true, force: true });
    for (const world of ['production', 'shadow'] as const)
      for (const folder of ['envoy', 'x']) rmSync(join(this.world(world), folder), { recursive: true, force: true });
  }
}

/** Does `work` in a folder that has to be ours. @throws UmbraError UMB0404 with what the system said */
function writing<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new UmbraError('UMB0404', `${folder} cannot be written: ${(cause as Error).message}`, {
      cause,
      remedy: 'Let the user who runs it write there, or give another folder: --home or UMBRA_HOME.',
    });
  }
}

/** A run that has started. */
export interface Ready extends ReadyInfo {
  readonly tokenFile: string;
  readonly entry: { readonly host: string; readonly port: number };
  readonly pid: number;
  readonly runId: string;
}

export interface RunState {
  readonly runId: string;
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: tells this process from a later one with the same number. */
  readonly startTime: string;
}
