import type { ChildProcess } from 'node:child_process';
import type { Exit } from './command.ts';
import { livingOf } from './process-table.ts';

const LOOK_EVERY_MS = 20;
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL']);

export interface ProcessGroup {
  /** The leader's end, once nothing of the group runs. */
  readonly exited: Promise<Exit>;
  /** Signals all of it. */
  signal(signal: NodeJS.Signals): void;
}

/**
 * A process that leads a group of its own (it was spawned `detached`), with all it starts in turn: a shell or npm that is
 * signalled alone ends and leaves the server it started behind, on its port. What outlives a leader that ended unasked is
 * killed: another start would find its port taken.
 */
export function groupOf(child: ChildProcess): ProcessGroup {
  const leader = child.pid!;
  let asked = false;
  let gone = false;
  const send = (signal: NodeJS.Signals) => {
    // Its number may be somebody else's by then.
    if (gone) return;
    try {
      process.kill(-leader, signal);
    } catch {
      // It has just ended.
    }
  };
  const exited = new Promise<Exit>((resolve) =>
    child.once('exit', async (code, signal) => {
      if (!asked && livingOf(leader).length > 0) send('SIGKILL');
      while (livingOf(leader).length > 0) await new Promise((again) => setTimeout(again, LOOK_EVERY_MS));
      gone = true;
      resolve({ code, signal });
    }),
  );
  return {
    exited,
    signal(signal) {
      asked ||= ENDING.has(signal);
      send(signal);
    },
  };
}
