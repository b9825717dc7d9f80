import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../../mesh/clock.ts';
import { UmbraError } from '../../../mesh/errors.ts';
import type { ReadyInfo } from '../protocol.ts';
import type { Command, Launcher } from './command.ts';
import { KeptProcess } from './kept-process.ts';
import { logTail } from './log-tail.ts';

/** With this exit code the control plane says that what is wrong does not pass by itself (main.ts). */
const FATAL = 78;
/** So long it is waited for something to pass all the same. */
const MOST_MS = 60_000;

/**
 * The control plane's process, started again when it dies, and its word that it is ready. A first start that cannot succeed is
 * given up. Once it was ready that is tried on for good: what it has done to production nobody else can take back.
 */
export class ControlPlaneProcess {
  readonly #process: KeptProcess;
  readonly #log: string;
  #wasReady = false;
  #ready = Promise.withResolvers<ReadyInfo>();

  constructor(options: {
    readonly launcher: Launcher;
    /** The run's folder. */
    readonly run: string;
    readonly env: Readonly<Record<string, string>>;
    readonly argv: readonly string[] | undefined;
    readonly clock: Clock;
    readonly say: (line: string) => void;
  }) {
    const { launcher, run, env, argv, clock, say } = options;
    const log = join(run, 'logs', 'control-plane.log');
    this.#log = log;
    this.#ready.promise.catch(() => {});
    this.#process = new KeptProcess(launcher, controlPlaneCommand({ run, env, log, argv }), clock, {
      isFinal: (exit) => exit.code === FATAL && !this.#wasReady,
      mostMs: (exit) => (exit.code === FATAL ? MOST_MS : undefined),
      onExit: (exit, wait) => {
        const again = wait === undefined ? 'not to be started again' : `again in ${wait / 1000} s`;
        say(`the control plane ended (${exit.signal ?? exit.code}); ${again}\n${logTail(log, 6)}`);
        if (wait === undefined)
          this.#ready.reject(new UmbraError('UMB0405', `it gave up; ${log} ends with\n${logTail(log)}`));
      },
    });
  }

  /** Resolves when it says that it is ready; rejects with UMB0405 when it gave up at its first start. */
  get ready(): Promise<ReadyInfo> {
    return this.#ready.promise;
  }

  /** Whether one of its lives was ready. */
  get wasReady(): boolean {
    return this.#wasReady;
  }

  saidReady(info: ReadyInfo): void {
    this.#wasReady = true;
    this.#ready.resolve(info);
  }

  start(): Promise<unknown> {
    return this.#process.start();
  }

  /** Ends it, does `work` while it is down, and starts it again. Resolves when it says again that it is ready. */
  async restart(work: () => void, graceMs: number): Promise<void> {
    await this.#process.replaceWhile(async () => {
      work();
      this.#ready = Promise.withResolvers();
    }, graceMs);
    await this.#ready.promise;
  }

  stop(graceMs: number): Promise<unknown> {
    return this.#process.stop(graceMs);
  }

  /** The error of one who waited `ms` for it, with the log's end. */
  late(ms: number): UmbraError {
    return new UmbraError('UMB0405', `not ready within ${ms / 1000} s; ${this.#log} ends with\n${logTail(this.#log)}`);
  }
}

/** This Node, this package's own main unless another is given. */
function controlPlaneCommand(input: {
  readonly run: string;
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
  readonly argv?: readonly string[] | undefined;
}): Command {
  // The published package holds compiled files in the same layout.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const main = fileURLToPath(new URL(`../../../main.${extension}`, import.meta.url));
  return {
    name: 'control-plane',
    argv: [...(input.argv ?? [process.execPath, main]), '--run', input.run],
    cwd: '/',
    env: input.env,
    log: input.log,
  };
}
