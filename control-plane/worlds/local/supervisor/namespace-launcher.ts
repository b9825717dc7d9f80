import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { UmbraError } from '../../../mesh/errors.ts';
import type { InitEvent, Order, OrderResult } from '../init-protocol.ts';
import { readLines } from '../rpc.ts';
import type { Command, Exit, Launcher, RunningProcess } from './command.ts';
import type { ControlGroup } from './control-group.ts';
import type { HealthCheck } from './health-check.ts';
import { logTail } from './log-tail.ts';
import { treeOf } from './process-table.ts';

export interface NamespaceOptions {
  /** Builds the shadow's view of the files and moves there (shadow/isolation/mount-script.ts). */
  readonly script: string;
  /** Where the script is kept, to be read by who wants to know what the shadow sees. */
  readonly scriptFile: string;
  readonly log: string;
  readonly env: Readonly<Record<string, string>>;
  /** Everything in the namespaces is bounded by it. */
  readonly group?: ControlGroup | undefined;
  readonly onFileAttempt: (attempt: { pid: number; name: string }) => void;
  /** The namespaces ended although nobody asked. */
  readonly onEnd: () => void;
}

/** A file has no business here but its own: a service reads none of what the supervisor has open. */
const UNSHARE = [
  '--user',
  '--map-root-user',
  '--net',
  '--mount',
  '--propagation',
  'private',
  '--pid',
  '--ipc',
  '--fork',
  '--kill-child',
];
const INIT_WITHIN_MS = 60_000;

/** Pid, inside the innermost namespace, of a process of this machine (proc(5), NSpid). */
function innerPid(pid: number): number | undefined {
  try {
    const line = /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(line?.split(/\s+/).at(-1));
  } catch {
    return undefined;
  }
}

/** Processes in fresh user, network, mount, PID and IPC namespaces, under an init of ours. */
export class NamespaceLauncher implements Launcher {
  readonly #child: ChildProcess;
  readonly #control: Socket;
  readonly #waiting = new Map<number, { resolve: (r: OrderResult) => void; reject: (e: Error) => void }>();
  readonly #exits = new Map<number, (exit: Exit) => void>();
  /** Ends that arrived before their start was known here. */
  readonly #early = new Map<number, Exit>();
  readonly #ended: Promise<void>;
  #nextId = 1;
  #closing = false;
  wall: 'fuse' | 'plain' = 'plain';

  private constructor(child: ChildProcess, options: NamespaceOptions, onReady: () => void) {
    this.#child = child;
    this.#control = child.stdio[3] as Socket;
    readLines(this.#control, (line) => this.#receive(JSON.parse(line), options, onReady));
    this.#control.on('error', () => {});
    this.#ended = new Promise((resolve) =>
      child.once('exit', () => {
        for (const { reject } of this.#waiting.values()) reject(new Error('the shadow has ended'));
        for (const end of this.#exits.values()) end({ code: null, signal: 'SIGKILL' });
        this.#waiting.clear();
        this.#exits.clear();
        resolve();
        if (!this.#closing) options.onEnd();
      }),
    );
  }

  /** Makes the namespaces. @throws UmbraError UMB0402 with what the kernel or a tool said */
  static async create(options: NamespaceOptions): Promise<NamespaceLauncher> {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const init = fileURLToPath(new URL(`../shadow-init.${extension}`, import.meta.url));
    rmSync(options.log, { force: true });
    const log = openSync(options.log, 'a', 0o600);
    // sh stays the namespace's first process: it reaps orphans, which Node would not. The outer one waits until it is bounded.
    const inner = `${options.script}\n${quoted([process.execPath, '--max-old-space-size=96', init])} & wait $!\n`;
    writeFileSync(options.scriptFile, inner, { mode: 0o600 });
    const child = spawn(
      'setpriv',
      [
        '--pdeathsig',
        'KILL',
        '--',
        'sh',
        '-c',
        'read -r _; exec "$@"',
        'sh',
        'unshare',
        ...UNSHARE,
        'setpriv',
        '--pdeathsig',
        'KILL',
        '--',
        'sh',
        options.scriptFile,
      ],
      { env: options.env, cwd: '/', detached: true, stdio: ['pipe', log, log, 'pipe'] },
    );
    closeSync(log);
    let failed: Error | undefined;
    child.once('error', (e) => {
      failed = e;
    });
    const refuse = (why: string) => {
      child.kill('SIGKILL');
      return new UmbraError('UMB0402', `${why}\n${logTail(options.log)}`);
    };
    await new Promise((resolve) => child.once('spawn', resolve).once('error', resolve));
    if (failed) throw refuse(failed.message);
    if (child.pid !== undefined) options.group?.add(child.pid);
    child.stdin!.on('error', () => {});
    child.stdin!.end('\n');
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<NamespaceLauncher>((resolve, reject) => {
        const launcher = new NamespaceLauncher(child, options, () => resolve(launcher));
        child.once('exit', (code, signal) =>
          reject(refuse(`the namespaces could not be made (${signal ?? `exit ${code}`})`)),
        );
        timer = setTimeout(
          () => reject(refuse(`the namespaces were not there within ${INIT_WITHIN_MS / 1000} s`)),
          INIT_WITHIN_MS,
        );
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Pid of the outermost process; everything in the namespaces ends with it. */
  get pid(): number {
    return this.#child.pid!;
  }

  async start(command: Command): Promise<RunningProcess> {
    const { argv, cwd, env, log, stdin } = command;
    const { pid: inner } = await this.#order({ do: 'start', argv, cwd, env, log, stdin: stdin ?? false });
    const pid = await this.#outerPid(inner!);
    const exited = new Promise<Exit>((resolve) => {
      const early = this.#early.get(inner!);
      this.#early.delete(inner!);
      if (early) resolve(early);
      else if (this.#hasEnded()) resolve({ code: null, signal: 'SIGKILL' });
      else this.#exits.set(inner!, resolve);
    });
    const forget = () => {};
    return {
      pid,
      exited,
      signal: (signal) => void this.#order({ do: 'signal', pid: inner!, signal }).catch(forget),
      tell: (line) => void this.#order({ do: 'tell', pid: inner!, line }).catch(forget),
    };
  }

  async probe(port: number, check: HealthCheck): Promise<boolean> {
    try {
      return (await this.#order({ do: 'probe', port, check })).ok ?? false;
    } catch {
      return false;
    }
  }

  async replaceData(from: string, to: string): Promise<void> {
    await this.#order({ do: 'replaceData', from, to });
  }
  async sameData(a: string, b: string): Promise<boolean> {
    return (await this.#order({ do: 'sameData', a, b })).ok ?? false;
  }
  async boundLogs(folder: string): Promise<void> {
    await this.#order({ do: 'boundLogs', folder });
  }

  /** Runs a helper inside with the namespace's full rights. @throws with what it said */
  async run(argv: readonly string[], input = ''): Promise<string> {
    return (await this.#order({ do: 'run', argv, input })).out ?? '';
  }

  async stop(): Promise<void> {
    this.#closing = true;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Pid on this machine; 0 where the process ended before it was found. The kernel's list of children may miss some while others come and go (proc_pid_task(5)). */
  async #outerPid(inner: number): Promise<number> {
    for (let tries = 0; tries < 40 && !this.#early.has(inner); tries++) {
      const pid = treeOf(this.pid).find((each) => innerPid(each) === inner);
      if (pid !== undefined) return pid;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return 0;
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  #order(order: Order): Promise<OrderResult> {
    if (this.#hasEnded()) return Promise.reject(new Error('the shadow has ended'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#control.write(`${JSON.stringify({ id, order })}\n`);
    });
  }

  #receive(
    message: { id?: number; result?: OrderResult; error?: string; event?: InitEvent },
    options: NamespaceOptions,
    onReady: () => void,
  ): void {
    const { event } = message;
    if (event?.type === 'ready') {
      this.wall = event.wall;
      onReady();
    } else if (event?.type === 'exit') {
      const end = this.#exits.get(event.pid);
      this.#exits.delete(event.pid);
      if (end) end(event);
      else this.#early.set(event.pid, event);
    } else if (event?.type === 'file') options.onFileAttempt(event);
    else if (message.id !== undefined) {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error === undefined) waiting?.resolve(message.result ?? {});
      else waiting?.reject(new Error(message.error));
    }
  }
}

const quoted = (words: readonly string[]) => words.map((w) => `'${w.replaceAll("'", `'\\''`)}'`).join(' ');
