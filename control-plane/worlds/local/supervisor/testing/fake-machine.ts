import type { Command, Exit, Launcher } from '../command.ts';

/** Processes that live until they are told to end. */
export class FakeMachine implements Launcher {
  readonly started: string[] = [];
  readonly signals: string[] = [];
  readonly #waiting: (() => void)[] = [];
  end: (exit: Exit) => void = () => {};
  /** What a start waits for; one that rejects is a start that fails. */
  mayStart = Promise.resolve();
  async start(command: Command) {
    this.started.push(command.argv.join(' '));
    for (const wake of this.#waiting.splice(0)) wake();
    await this.mayStart;
    const exited = new Promise<Exit>((resolve) => {
      this.end = resolve;
    });
    return {
      pid: 0,
      exited,
      signal: (signal: string) => {
        this.signals.push(signal);
        if (signal === 'SIGTERM' || signal === 'SIGKILL') this.end({ code: null, signal });
      },
      tell: () => {},
    };
  }
  async probe() {
    return true;
  }
  async replaceData() {}
  async sameData() {
    return false;
  }
  async boundLogs() {}
  /** Resolves when it was asked to start for the n-th time. */
  async nth(n: number) {
    while (this.started.length < n) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** A command of one word. */
export const command = (word: string): Command => ({ name: 'x', argv: [word], cwd: '/', env: {}, log: '/dev/null' });
