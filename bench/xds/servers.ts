import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Resource } from '../../control-plane/xds/resource.ts';
import { eachLine } from './lines.ts';

/** Ours, go-control-plane's two caches, and what Go can do with shared bytes. */
export const contenders = ['umbra', 'gcp-linear', 'gcp-snapshot', 'go-shared'] as const;
export type Contender = (typeof contenders)[number];

const kinds: Readonly<Record<Exclude<Contender, 'umbra'>, string>> = {
  'gcp-linear': 'linear',
  'gcp-snapshot': 'snapshot',
  'go-shared': 'shared',
};

/** What a server is told on its standard input, one JSON object a line; it says `{"done": …}` to each. */
export type Command =
  | { readonly op: 'put'; readonly resources: readonly Resource[] }
  | { readonly op: 'listen' }
  | { readonly op: 'gc' };

/** The same as it is on the wire: bodies in base64. */
export type WireCommand =
  | { readonly op: 'put'; readonly resources: readonly (Omit<Resource, 'body'> & { readonly body: string })[] }
  | Exclude<Command, { op: 'put' }>;

function toWire(command: Command): WireCommand {
  if (command.op !== 'put') return command;
  const text = (r: Resource) => ({ ...r, body: Buffer.from(r.body).toString('base64') });
  return { op: 'put', resources: command.resources.map(text) };
}

/** A server under measurement: a process of its own. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #waiting: ((answer: Record<string, unknown>) => void)[] = [];
  readonly #exited: Promise<string>;

  constructor(command: readonly string[]) {
    this.#child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
    eachLine(this.#child.stdout!, (line) => this.#waiting.shift()?.(JSON.parse(line) as Record<string, unknown>));
    this.#child.stdin!.on('error', () => {}); // Told by its exit.
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? code}`));
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Resolves when the server says that it is done. Rejects when it ends instead. */
  tell(command: Command): Promise<Record<string, unknown>> {
    const line = JSON.stringify(toWire(command));
    const answer = new Promise<Record<string, unknown>>((resolve) => this.#waiting.push(resolve));
    this.#child.stdin!.write(`${line}\n`);
    return Promise.race([
      answer,
      this.#exited.then((why): never => {
        throw new Error(`the server is gone: ${why}`);
      }),
    ]);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

/** The command line of a contender's server. `tls`: a folder with its certificates. */
export function commandOf(contender: Contender, peers: string, tls?: string): string[] {
  const options = tls ? ['--tls', tls] : [];
  return contender === 'umbra'
    ? [process.execPath, '--expose-gc', join(import.meta.dirname, 'ours/server.ts'), ...options]
    : [peers, '--kind', kinds[contender], ...options];
}

/** Builds the peers with `go build`, outside of the repository. Gives the binary, or why there is none. */
export function buildPeers(env: NodeJS.ProcessEnv = process.env): { binary: string } | { missing: string } {
  const folder = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'umbra', 'bench-xds');
  const binary = join(folder, 'peers');
  mkdirSync(folder, { recursive: true });
  const built = spawnSync('go', ['build', '-o', binary, '.'], {
    cwd: join(import.meta.dirname, 'peers/go'),
    encoding: 'utf8',
    env: { ...env, GOFLAGS: '-buildvcs=false -mod=readonly' },
  });
  if (built.error) return { missing: `go cannot be run (${built.error.message})` };
  if (built.status !== 0) return { missing: `go build failed: ${built.stderr.trim().split('\n').at(-1)}` };
  return { binary };
}
