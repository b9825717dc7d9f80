import { wallClock } from '../../../mesh/clock.ts';
import { hasTerminal, meansHangup } from './hangup.ts';
import type { Ready } from './run-directory.ts';
import { Supervisor, type SupervisorOptions } from './supervisor.ts';

export interface RunOptions extends SupervisorOptions {
  /** Ends by itself after so many milliseconds from being ready. */
  readonly for?: number;
  /** Called once everything is ready. */
  readonly onReady?: (ready: Ready) => void;
}

/**
 * Runs an application in the foreground until SIGINT or SIGTERM, the given time, or the caller's signal; SIGHUP reads the file
 * again, unless it came because the terminal was closed. Resolves with the exit code when everything is stopped. @throws UmbraError for what prevents the start
 */
export async function runSupervisor(options: RunOptions): Promise<number> {
  const end = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, end.signal]) : end.signal;
  const supervisor = new Supervisor({ ...options, signal });
  const onEnd = () => end.abort();
  const atTerminal = hasTerminal();
  const onReload = () => (meansHangup(atTerminal) ? end.abort() : void supervisor.reload());
  process.on('SIGINT', onEnd);
  process.on('SIGTERM', onEnd);
  process.on('SIGHUP', onReload);
  const timer = new AbortController();
  try {
    const ready = await supervisor.start().catch((e) => {
      // A start that was interrupted is an orderly end.
      if (signal.aborted) return undefined;
      throw e;
    });
    if (ready) {
      options.onReady?.(ready);
      if (options.for !== undefined)
        (options.clock ?? wallClock).sleep(options.for, timer.signal).then(onEnd, () => {});
      if (!signal.aborted)
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    }
    await supervisor.stop();
    return 0;
  } finally {
    timer.abort();
    process.off('SIGINT', onEnd);
    process.off('SIGTERM', onEnd);
    process.off('SIGHUP', onReload);
  }
}
