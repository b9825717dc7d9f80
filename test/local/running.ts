import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Totals } from '../../control-plane/telemetry/collector.ts';
import type { Ready } from '../../control-plane/worlds/local/supervisor/run-directory.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
export const service = at('./app/service.ts');

/** A two-service application: `web` calls `api` (two replicas). However busy the machine is, nothing times out by itself. */
export function document(
  more: { web?: string; api?: string; entry?: string; externals?: string; shadow?: string | false } = {},
): string {
  const shadow =
    more.shadow === false
      ? ''
      : `---
apiVersion: umbra.dev/v1alpha1
kind: Shadow
metadata: { name: tiny-shadow }
spec:
  application: tiny
  ${more.shadow ?? ''}
`;
  return `apiVersion: umbra.dev/v1alpha1
kind: Application
metadata: { name: tiny }
spec:
  entry: { service: web${more.entry ?? ', timeout: 60s'} }
  ${more.externals ?? ''}
  services:
    web:
      command: [node, ${service}]
      env: { NAME: web, PORT: '{{port}}', DATA: '{{data}}', API: '{{url.api}}'${more.web ?? ' }\n      calls: { api: { timeout: 10s } }'}
      health: { path: /healthz }
      data: true
    api:
      command: [node, ${service}]
      env: { NAME: api, PORT: '{{port}}', DATA: '{{data}}', REPLICA: '{{replica}}'${more.api ?? ' }'}
      replicas: 2
      scale: { max: 3 }
      health: { path: /healthz }
      data: true
${shadow}`;
}

/** Longer than anything takes, however busy the machine is. */
const MAX_MS = 60_000;

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One request, by TCP or a Unix socket. */
export function ask(
  where: { port: number } | { socketPath: string },
  path: string,
  method = 'GET',
  body = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', ...where, path, method, agent: false, timeout: MAX_MS }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }));
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer')));
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** Tries until it holds; what it last threw or gave when it does not within the time. */
export async function eventually<T>(what: () => Promise<T | undefined | false>, withinMs = MAX_MS): Promise<T> {
  const until = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await what();
      if (value) return value;
      last = value;
    } catch (e) {
      last = e;
    }
    if (performance.now() > until) throw new Error(`it never came to hold; last: ${String(last)}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A home for runs, its application file in a folder beside. */
export function makeHome(text: string): { home: string; file: string; remove: () => void } {
  const root = mkdtempSync(join(tmpdir(), 'umbra-local-'));
  const file = join(root, 'app.yaml');
  writeFileSync(file, text);
  return { home: join(root, 'h'), file, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** A supervisor in a process of its own, with the tests' control plane. */
export class Running {
  readonly progress: string[] = [];
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly #home: string;
  ready!: Ready;

  private constructor(child: ChildProcess, home: string) {
    this.child = child;
    this.#home = home;
    this.exited = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
  }

  /** Starts and waits until it is ready. Rejects with `{code, message}` where it does not start. */
  static async up(options: {
    file: string;
    home: string;
    env?: Record<string, string>;
    onProgress?: (line: string, child: ChildProcess) => void;
  }): Promise<Running> {
    const child = spawn(
      process.execPath,
      [
        at('./app/up.ts'),
        JSON.stringify({
          file: options.file,
          home: options.home,
          controlPlane: [process.execPath, at('./app/control-plane.ts')],
        }),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...options.env } },
    );
    const running = new Running(child, options.home);
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout! }).on('line', (line) => {
        const message = JSON.parse(line) as {
          progress?: string;
          ready?: Ready;
          error?: { code?: string; message: string };
        };
        if (message.progress !== undefined) {
          running.progress.push(message.progress);
          options.onProgress?.(message.progress, child);
        }
        if (message.error) reject(Object.assign(new Error(message.error.message), { code: message.error.code }));
        if (message.ready) {
          running.ready = message.ready;
          resolve();
        }
      });
      // What it said last comes before this one, but perhaps after 'exit'.
      child.once('close', (code) => reject(new Error(`it ended with ${code}:\n${running.progress.join('\n')}`)));
    });
    return running;
  }

  /** A path in the run's folder. */
  file(...parts: string[]): string {
    return join(this.#home, 'tiny', ...parts);
  }
  get shadowIngress(): { socketPath: string } {
    return { socketPath: this.file('shadow', 'x', 'in.sock') };
  }
  get entry(): { port: number } {
    return { port: this.ready.entry.port };
  }

  /** Asks the control plane to do something. */
  tell<T = unknown>(what: string, argument?: unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.file('test.sock'), () => socket.write(`${JSON.stringify({ do: what, argument })}\n`));
      let text = '';
      socket.setEncoding('utf8').on('data', (part) => {
        text += part;
        if (!text.endsWith('\n')) return;
        socket.destroy();
        const { result, error } = JSON.parse(text) as { result: T; error?: string };
        if (error === undefined) resolve(result);
        else reject(new Error(error));
      });
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('the control plane hung up')));
    });
  }

  /**
   * Does what makes another configuration of production's mirror; resolves when its proxy has told that the filter took it, and
   * pushed once more: by then every thread has it.
   */
  async remirrored(change: () => unknown): Promise<void> {
    const counter = async (name: string) => {
      const { production } = await this.tell<{ production: Totals }>('totals');
      return production.filters[`umbra_mirror_${name}`] ?? 0;
    };
    const before = await counter('configured');
    await change();
    await eventually(async () => (await counter('configured')) > before);
    const beats = await counter('heartbeat');
    await eventually(async () => (await counter('heartbeat')) > beats);
  }

  log(world: 'production' | 'shadow', name: string): string {
    return readFileSync(this.file(world, 'logs', `${name}.log`), 'utf8');
  }

  /** Asks it to end and waits; the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    return this.exited;
  }
}
