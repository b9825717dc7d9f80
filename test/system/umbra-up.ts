import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNode } from '../../demo/start/child.ts';

/** The umbra command of this repository. */
export const bin = resolve(import.meta.dirname, '../../bin/umbra.js');

/** Services may take their time to end; then nothing is waited for any more. */
const GRACE_MS = 60_000;

export type Env = Readonly<Record<string, string>>;
export const envOf = (home: string, more: Env = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  UMBRA_HOME: home,
  ...more,
});

/** An application under `umbra up`, with the real control plane. */
export interface UmbraUp {
  readonly ready: { api: string; tokenFile: string; pid: number; runId: string; entry: { host: string; port: number } };
  /** Reads from the API, `path` below /api/v1. */
  get<T>(path: string): Promise<T>;
  /** Gives an order with the token. */
  post<T>(path: string, body: object): Promise<T>;
  delete(path: string): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
}

/**
 * Starts it and waits until it is ready; `run` is the application's folder below `home`. `onStop` is told how to end it before
 * it is ready. It does not outlive this process, and Ctrl-C does not reach it. Rejects with what was printed where it ends before
 * it is ready.
 */
export async function umbraUp(
  at: { readonly file: string; readonly home: string; readonly run: string },
  more: Env = {},
  onStop: (stop: () => Promise<void>) => void = () => {},
): Promise<UmbraUp> {
  const lines: string[] = [];
  const child = await startNode([bin, 'up', '-f', at.file], (line) => lines.push(line), envOf(at.home, more));
  let alive = true;
  void child.ended.then(() => {
    alive = false;
  });
  const stop = () => child.stop(GRACE_MS);
  onStop(stop);
  for (;;) {
    assert.ok(alive, lines.join('\n'));
    try {
      const ready = JSON.parse(readFileSync(join(at.run, 'ready.json'), 'utf8')) as UmbraUp['ready'];
      return { ready, stop, ...api(ready) };
    } catch {
      await sleep(100);
    }
  }
}

function api({ api: url, tokenFile }: UmbraUp['ready']): Pick<UmbraUp, 'get' | 'post' | 'delete'> {
  async function call(method: string, path: string, body?: object): Promise<Response> {
    const authorization = method === 'GET' ? {} : { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` };
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { ...authorization, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }
  return {
    get: async <T>(path: string) => (await (await call('GET', path)).json()) as T,
    post: async <T>(path: string, body: object) => (await (await call('POST', path, body)).json()) as T,
    delete: async (path) => void (await call('DELETE', path)),
  };
}
