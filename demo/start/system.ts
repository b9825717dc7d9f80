import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type Ready, readReady } from '../home.ts';
import { PROVIDER_PORT } from '../provider.ts';
import { type Child, startNode } from './child.ts';
import { withProvider } from './document.ts';
import { document, launchers } from './launchers.ts';

type Say = (line: string) => void;

/** Orderly stops of everything Umbra owns take this long at most. */
const UMBRA_GRACE_MS = 30_000;
const LOOK_MS = 100;

/**
 * In a checkout: installs what the system lacks and builds what is missing or stale; the signal breaks a build off.
 * @throws Error when a build fails
 */
export async function prepare(say: Say, signal: AbortSignal): Promise<void> {
  if (!existsSync(launchers.prepare)) return;
  if (existsSync(launchers.system)) {
    // By address, so that what is published does not hold it.
    const { installSystemPackages } = (await import(pathToFileURL(launchers.system).href)) as {
      installSystemPackages(only: readonly string[]): void;
    };
    installSystemPackages(['nft', 'ip', 'unshare']);
  }
  if (signal.aborted) return;
  const build = await startNode([launchers.prepare], say);
  // Its compilers too: they are of its process group.
  const breakOff = () => {
    try {
      process.kill(-build.pid, 'SIGTERM');
    } catch {
      // It has just ended.
    }
  };
  signal.addEventListener('abort', breakOff);
  const code = await build.ended;
  signal.removeEventListener('abort', breakOff);
  if (code !== 0 && !signal.aborted) throw new Error(`the build ended with ${code}`);
}

/** The provider as a process of its own, at the address in app.yaml or, where that is taken, at a free one. */
export async function startProviderProcess(say: Say): Promise<{ child: Child; url: string }> {
  for (const port of [PROVIDER_PORT, 0]) {
    const listening = Promise.withResolvers<number | undefined>();
    const child = await startNode([launchers.demo, 'provider', '--port', String(port)], (line) => {
      const got = /listens on (\d+)/.exec(line)?.[1];
      if (got !== undefined) listening.resolve(Number(got));
      else if (port === 0) say(line);
    });
    void child.ended.then(() => listening.resolve(undefined));
    const got = await listening.promise;
    if (got !== undefined) return { child, url: `http://127.0.0.1:${got}` };
  }
  throw new Error('the payment provider does not start');
}

/** The file to give to Umbra: app.yaml itself where the provider is where it says, else a copy that says where it is. */
export function documentFor(providerUrl: string, home: string): string {
  if (providerUrl === `http://127.0.0.1:${PROVIDER_PORT}`) return document;
  const copy = join(home, 'app.yaml');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  writeFileSync(copy, withProvider(readFileSync(document, 'utf8'), providerUrl, dirname(document)));
  return copy;
}

export interface UmbraProcess {
  readonly ready: Ready;
  readonly ended: Promise<number | NodeJS.Signals>;
  stop(): Promise<void>;
  kill(): void;
}

/** `umbra up`, its lines passed on. Resolves when it is ready. @throws Error when it ends before; the signal's reason when that aborts */
export async function startUmbra(
  file: string,
  options: { home: string; port?: number; apiPort?: number; signal: AbortSignal },
  say: Say,
): Promise<UmbraProcess> {
  const since = Date.now();
  const args = [launchers.umbra, 'up', '-f', file];
  if (options.port !== undefined) args.push('--port', String(options.port));
  if (options.apiPort !== undefined) args.push('--api-port', String(options.apiPort));
  const child = await startNode(args, say);
  let code: number | NodeJS.Signals | undefined;
  void child.ended.then((got) => {
    code = got;
  });
  const stop = () => child.stop(UMBRA_GRACE_MS);
  for (;;) {
    // A file that an earlier run left is older.
    const written = statSync(join(options.home, 'ready.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const ready = written >= since - 1000 ? readReady(options.home) : undefined;
    if (ready && code === undefined) return { ready, ended: child.ended, stop, kill: () => child.kill() };
    if (code !== undefined) throw new Error(`umbra ended with ${code} before it was ready`);
    if (options.signal.aborted) {
      await stop();
      throw options.signal.reason;
    }
    await sleep(LOOK_MS);
  }
}
