import { backoffMs, failuresAfter } from '../../../mesh/backoff.ts';
import type { Clock } from '../../../mesh/clock.ts';
import type { Command, Exit, Launcher, RunningProcess } from './command.ts';
import { useOf } from './process-table.ts';

export interface KeptProcessEvents {
  /** Each time it runs, before anything waits for it: the place to move it into its control group. */
  onStart?(process: RunningProcess): void;
  /** Whether this end is not to be followed by another start. */
  isFinal?(exit: Exit): boolean;
  /** The longest wait for the start that follows this end; undefined = as usual. */
  mostMs?(exit: Exit): number | undefined;
  onExit?(exit: Exit, willRestartInMs: number | undefined): void;
}

interface Replacement {
  readonly work: () => Promise<void>;
  readonly graceMs: number;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * One process kept running: restarted with back-off when it ends, until stopped. `hold` keeps it down (a fault that kills it);
 * `release` lets it start again. CPU time is counted over all its lives.
 */
export class KeptProcess {
  readonly #launcher: Launcher;
  readonly #clock: Clock;
  readonly #events: KeptProcessEvents;
  #command: Command;
  #current: RunningProcess | undefined;
  #startedAt = 0;
  #failures = 0;
  #restarts = 0;
  #pastCpu = 0;
  #lastCpu = 0;
  #stopping = false;
  #held = false;
  #wake: (() => void) | undefined;
  /** Asked for, their work not yet begun. */
  readonly #replacements: Replacement[] = [];
  /** Their work is done; who asked waits until it runs again. */
  readonly #replaced: PromiseWithResolvers<void>[] = [];
  #loop: Promise<void> | undefined;

  constructor(launcher: Launcher, command: Command, clock: Clock, events: KeptProcessEvents = {}) {
    this.#launcher = launcher;
    this.#command = command;
    this.#clock = clock;
    this.#events = events;
  }

  get current(): RunningProcess | undefined {
    return this.#current;
  }
  get restarts(): number {
    return this.#restarts;
  }
  get held(): boolean {
    return this.#held;
  }
  /** Times it ended in a row, each soon after it was started. */
  get failures(): number {
    return this.#failures;
  }

  /** Starts it and keeps it; rejects where it cannot be started at all (no such program). */
  async start(): Promise<void> {
    await this.#launch();
    this.#loop = this.#keep();
  }

  /** Kills it and leaves it down. */
  hold(): void {
    this.#held = true;
    this.#current?.signal('SIGKILL');
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#failures = 0;
    this.#wake?.();
  }

  /** Ends it for good: SIGTERM, after `graceMs` SIGKILL. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#wake?.();
    const running = this.#current;
    if (running) await end(running, graceMs);
    await this.#loop;
  }

  /** {@link replaceWhile} with another command, if one is given. */
  restart(command: Command = this.#command, graceMs = 2000): Promise<void> {
    return this.replaceWhile(async () => {
      this.#command = command;
      // Those before were not its own.
      this.#failures = 0;
    }, graceMs);
  }

  /**
   * Ends it, does `work` while it is down, and starts it again at once (unless it is held down); no failure of its own. Resolves
   * when it runs again; rejects where `work` does, or with what keeps it from starting (which is tried on).
   */
  async replaceWhile(work: () => Promise<void>, graceMs = 2000): Promise<void> {
    if (!this.#loop || this.#stopping) return;
    const done = Promise.withResolvers<void>();
    this.#replacements.push({ work, graceMs, done });
    const running = this.#current;
    if (running) await end(running, graceMs);
    else this.#wake?.();
    await done.promise;
  }

  /** CPU seconds over all lives and resident bytes now. */
  use(): { cpuSeconds: number; memoryBytes: number; alive: boolean } {
    const now = this.#current ? useOf(this.#current.pid) : undefined;
    if (now) this.#lastCpu = Math.max(this.#lastCpu, now.cpuSeconds);
    return {
      cpuSeconds: this.#pastCpu + this.#lastCpu,
      memoryBytes: now?.memoryBytes ?? 0,
      alive: now !== undefined,
    };
  }

  async #launch(): Promise<void> {
    const process = await this.#launcher.start(this.#command);
    this.#current = process;
    this.#startedAt = this.#clock.now();
    this.#events.onStart?.(process);
    if (this.#stopping || this.#held) process.signal('SIGKILL');
    // Asked for while it was being started, when there was nothing to end.
    else if (this.#replacements[0]) void end(process, this.#replacements[0].graceMs);
  }

  async #keep(): Promise<void> {
    while (this.#current) {
      const exit = await this.#current.exited;
      this.#current = undefined;
      this.#pastCpu += this.#lastCpu;
      this.#lastCpu = 0;
      if (this.#stopping) break;
      if (this.#events.isFinal?.(exit)) {
        this.#events.onExit?.(exit, undefined);
        break;
      }
      const asked = this.#replacements.length > 0;
      this.#failures = asked || this.#held ? 0 : failuresAfter(this.#failures, this.#clock.now() - this.#startedAt);
      const wait = asked || this.#held ? 0 : backoffMs(this.#failures, this.#events.mostMs?.(exit));
      this.#events.onExit?.(exit, this.#held ? undefined : wait);
      if (wait > 0) await this.#pause(wait);
      await this.#replace();
      while (this.#held && !this.#stopping) {
        for (const done of this.#replaced.splice(0)) done.resolve();
        await this.#pause(undefined);
        await this.#replace();
      }
      if (this.#stopping) break;
      if (!asked) this.#restarts++;
      await this.#relaunch();
    }
    this.#loop = undefined;
    for (const { done } of this.#replacements.splice(0)) done.resolve();
    for (const done of this.#replaced.splice(0)) done.resolve();
  }

  /** Does the work of replacements while the process is down: of those as well that are asked for meanwhile. */
  async #replace(): Promise<void> {
    for (let next = this.#replacements.shift(); next; next = this.#replacements.shift()) {
      try {
        await next.work();
        this.#replaced.push(next.done);
      } catch (e) {
        next.done.reject(e);
      }
    }
  }

  /** A start that fails now (the program was there before) is tried again like a crash. */
  async #relaunch(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#launch();
        for (const done of this.#replaced.splice(0)) done.resolve();
        return;
      } catch (e) {
        for (const done of this.#replaced.splice(0)) done.reject(e);
        this.#failures++;
        await this.#pause(backoffMs(this.#failures));
        await this.#replace();
      }
    }
  }

  #pause(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(() => this.#wake?.(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

/** Asks a process to end, and kills it after `graceMs`. Resolves when it has ended. */
async function end(running: RunningProcess, graceMs: number): Promise<void> {
  // A stopped process would not hear SIGTERM.
  running.signal('SIGCONT');
  running.signal('SIGTERM');
  const timer = setTimeout(() => running.signal('SIGKILL'), graceMs);
  await running.exited;
  clearTimeout(timer);
}
