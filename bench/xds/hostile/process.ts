import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Hostility } from './kinds.ts';
import type { HostileOrder, HostileReport } from './main.ts';

/** The process with the bad clients. */
export class HostileProcess {
  readonly #child: ChildProcess = fork(join(import.meta.dirname, 'main.ts'));

  /** Resolves when each of `count` bad clients has done its worst once; they go on. */
  async start(kind: Hostility, count: number, port: number): Promise<void> {
    await this.#order({ do: 'start', kind, count, port });
  }

  /** Ends them all; gives how often they did their worst. */
  async stop(): Promise<number> {
    return (await this.#order({ do: 'stop' })).turns;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  async #order(order: HostileOrder): Promise<HostileReport> {
    const answered = new AbortController();
    const exit = once(this.#child, 'exit', { signal: answered.signal }).then(([code, signal]): never => {
      throw new Error(`the hostile clients ended with ${signal ?? code}`);
    });
    this.#child.send(order);
    try {
      const [report] = await Promise.race([once(this.#child, 'message', { signal: answered.signal }), exit]);
      return report as HostileReport;
    } finally {
      answered.abort();
    }
  }
}
