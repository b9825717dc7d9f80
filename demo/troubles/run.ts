import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { wallClock } from '../../control-plane/mesh/clock.ts';
import { listenForControl } from '../control-socket.ts';
import { hold } from '../socket.ts';
import { troubleNamed } from './index.ts';
import { production } from './production.ts';
import type { Victim } from './trouble.ts';

/** One trouble that is on. */
export interface RunningTrouble {
  readonly name: string;
  /** ms since the epoch: when it was in force. */
  readonly from: number;
  stop(): Promise<void>;
}

/** Applies the trouble of that name. @throws Error when it is unknown or what it hits is not running */
export async function startTrouble(name: string, victim: Victim): Promise<RunningTrouble> {
  const undo = await troubleNamed(name).apply(victim);
  const from = Date.now();
  let stopped: Promise<void> | undefined;
  return {
    name,
    from,
    stop: () => {
      stopped ??= undo();
      return stopped;
    },
  };
}

const folderOf = (home: string) => join(home, 'troubles');

/**
 * Runs a trouble in this process until the signal aborts, its time is over or somebody calls {@link stopTrouble}. It ends
 * with the process at the latest, however that ends: it is in force only while its connections are open.
 */
export async function runTrouble(
  home: string,
  name: string,
  options: { forMs?: number; signal: AbortSignal; onStart: () => void },
): Promise<void> {
  troubleNamed(name);
  if (runningTroubles(home).includes(name) && (await isOn(home, name))) throw new Error(`${name} is on already`);
  const running = await startTrouble(name, production(home));
  const stopped = new AbortController();
  mkdirSync(folderOf(home), { recursive: true });
  const control = await listenForControl(join(folderOf(home), name), (message) => {
    const stop = message === '{"stop":true}';
    if (stop) void running.stop().then(() => stopped.abort());
    return { undo: () => {}, answer: { name, from: running.from } };
  });
  options.onStart();
  const over = AbortSignal.any([options.signal, stopped.signal]);
  await wallClock.sleep(options.forMs ?? Number.POSITIVE_INFINITY, over).catch(() => {});
  await running.stop();
  await control.close();
}

/** Stops a trouble that another process runs; resolves when it is undone. @throws Error when it is not on */
export async function stopTrouble(home: string, name: string): Promise<void> {
  troubleNamed(name);
  const held = await hold(join(folderOf(home), name), { stop: true }).catch(() => {
    throw new Error(`${name} is not on`);
  });
  await held.ended;
}

/** Whether a process runs this trouble now. */
export async function isOn(home: string, name: string): Promise<boolean> {
  const held = await hold(join(folderOf(home), name), {}).catch(() => undefined);
  held?.release();
  return held !== undefined;
}

/** Troubles that were started and not cleanly ended; {@link isOn} knows whether they still run. */
function runningTroubles(home: string): string[] {
  try {
    return readdirSync(folderOf(home));
  } catch {
    return [];
  }
}
