import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { StepResult } from './client/fleet.ts';
import type { Order, Report } from './client/main.ts';

/** The process with the simulated proxies. */
export class FleetProcess {
  readonly #child: ChildProcess;
  #ready: ((report: Report) => void) | undefined;
  #over: { resolve: (result: StepResult) => void; reject: (error: Error) => void } | undefined;
  #failed: Error | undefined;

  constructor() {
    this.#child = fork(join(import.meta.dirname, 'client/main.ts'), { serialization: 'advanced' });
    this.#child.on('message', (report: Report) => {
      if (report.said === 'over') this.#over?.resolve(report.result);
      else if (report.said === 'failed') this.#fail(new Error(report.why));
      else this.#ready?.(report);
    });
    this.#child.on('exit', (code, signal) =>
      this.#fail(new Error(`the simulated proxies ended with ${signal ?? code}`)),
    );
  }

  /** Gives an order; resolves when it is taken. */
  async order(order: Order): Promise<Report> {
    if (this.#failed) throw this.#failed;
    const ready = new Promise<Report>((resolve) => {
      this.#ready = resolve;
    });
    this.#child.send(order);
    return ready;
  }

  /** Gives an order that begins a step; resolves when it is taken, with when the step is over. */
  async begin(order: Order): Promise<{ startedAt: number | undefined; over: Promise<StepResult> }> {
    const over = new Promise<StepResult>((resolve, reject) => {
      this.#over = { resolve, reject };
    });
    over.catch(() => {}); // Whoever awaits it is told.
    const report = await this.order(order);
    return { startedAt: report.said === 'ready' ? report.startedAt : undefined, over };
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    this.#over?.reject(error);
    this.#ready?.({ said: 'failed', why: error.message });
  }
}
