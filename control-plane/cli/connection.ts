import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UmbraError } from '../mesh/errors.ts';

/** What a running `umbra up` leaves beside its data for tools to find it. */
export interface Ready {
  readonly dashboard: string;
  readonly api: string;
  readonly tokenFile: string;
  readonly entry?: unknown;
  readonly pid?: number;
}

export interface ConnectionOptions {
  readonly api?: string;
  readonly token?: string;
}

/** The API of a running control plane and, where it is known, the token. */
export interface Connection {
  readonly url: string;
  readonly token?: string;
}

/**
 * Finds the API: --api, UMBRA_API, or the ready.json of the one running application below UMBRA_HOME (~/.umbra); and the token:
 * --token, UMBRA_TOKEN, or the token file named there.
 * @throws UmbraError UMB0802 where none runs, or several do and none was named
 */
export function findConnection(options: ConnectionOptions, env: NodeJS.ProcessEnv = process.env): Connection {
  const token = options.token ?? env.UMBRA_TOKEN;
  const given = options.api ?? env.UMBRA_API;
  if (given !== undefined) {
    const url = baseUrl(given);
    const file = running(env).find((r) => sameAddress(r.api, url))?.tokenFile;
    return withToken(url, token ?? readToken(file));
  }
  const found = running(env);
  if (found.length === 0) {
    throw new UmbraError('UMB0802', `no application runs below ${homeOf(env)}`);
  }
  if (found.length > 1) {
    throw new UmbraError('UMB0802', `several applications run: ${found.map((r) => r.api).join(', ')}`, {
      remedy: 'Say which: --api ADDRESS.',
    });
  }
  const ready = found[0]!;
  return withToken(baseUrl(ready.api), token ?? readToken(ready.tokenFile));
}

const withToken = (url: string, token: string | undefined): Connection =>
  token === undefined ? { url } : { url, token };
const homeOf = (env: NodeJS.ProcessEnv) => env.UMBRA_HOME ?? join(homedir(), '.umbra');

/** Applications whose ready.json is there and whose process lives (a file that a killed one left does not count). */
function running(env: NodeJS.ProcessEnv): Ready[] {
  const home = homeOf(env);
  if (!existsSync(home)) return [];
  return readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => readReady(join(home, entry.name, 'ready.json')))
    .filter((ready) => ready !== undefined)
    .filter((ready) => ready.pid === undefined || alive(ready.pid));
}

function readReady(path: string): Ready | undefined {
  try {
    const ready = JSON.parse(readFileSync(path, 'utf8')) as Ready;
    return typeof ready.api === 'string' ? ready : undefined;
  } catch {
    return undefined;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The token in a file; nothing where it cannot be read. @throws UmbraError UMB0801 where others may read it */
function readToken(file: string | undefined): string | undefined {
  if (file === undefined || !existsSync(file)) return undefined;
  const open = statSync(file).mode & 0o077;
  if (open !== 0) {
    throw new UmbraError('UMB0801', `${file} can be read by others`, {
      remedy: `chmod 600 ${file}, and make a new token.`,
    });
  }
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

function baseUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(/^https?:\/\//.test(text) ? text : `http://${text}`);
  } catch (cause) {
    throw new UmbraError('UMB0802', `${JSON.stringify(text)} is no address`, {
      cause,
      remedy: 'Give --api http://127.0.0.1:PORT.',
    });
  }
  return url.origin;
}

const sameAddress = (a: string, b: string) => {
  try {
    return new URL(a).port === new URL(b).port;
  } catch {
    return false;
  }
};
