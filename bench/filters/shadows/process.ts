import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A process with shadows that behave well and badly. */
export interface Shadows {
  readonly pid: number;
  /** The port of the one of that name. @throws if there is none */
  port(name: string): number;
  stop(): Promise<void>;
}

/** Resolves when all listen; rejects if the process ends before. */
export async function startShadows(): Promise<Shadows> {
  const child = fork(join(import.meta.dirname, 'main.ts'));
  const exited = once(child, 'exit');
  const [ports] = await Promise.race([
    once(child, 'message') as Promise<[Record<string, number>]>,
    exited.then(([code, signal]) => Promise.reject(new Error(`the shadows ended with ${signal ?? code}`))),
  ]);
  return {
    pid: child.pid!,
    port(name) {
      const port = ports[name];
      if (port === undefined) throw new Error(`there is no shadow that ${name}`);
      return port;
    },
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
