import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UmbraError } from '../mesh/errors.ts';
import { type Ready, readReady, umbraHome } from '../worlds/local/supervisor/run-directory.ts';

export interface ConnectionOptions {
  readonly api?: string;
  readonly token?: string;
}

const WHICH = 'Say which: --api ADDRESS, or UMBRA_API.';

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
    return withToken(url, token ?? localToken(url, env));
  }
  const found = runningApplications(env);
  if (found.length === 0) {
    throw new UmbraError('UMB0802', `no application runs below ${umbraHome(env)}`);
  }
  if (found.length > 1) {
    throw new UmbraError('UMB0802', `several applications run: ${found.map((r) => r.api).join(', ')}`, {
      remedy: WHICH,
    });
  }
  const ready = found[0]!;
  return withToken(baseUrl(ready.api), token ?? readToken(ready.tokenFile));
}

const withToken = (url: string, token: string | undefined): Connection =>
  token === undefined ? { url } : { url, token };

/**
 * Applications below UMBRA_HOME whose ready.json is there and whose process lives (a file that a killed one left does not count).
 * @throws UmbraError UMB0802 where the folder cannot be read
 */
export function runningApplications(env: NodeJS.ProcessEnv): Ready[] {
  const home = umbraHome(env);
  let names: string[];
  try {
    names = readdirSync(home);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new UmbraError('UMB0802', `${home} cannot be read: ${code}`, { cause, remedy: WHICH });
  }
  return names.flatMap((name) => {
    const ready = readReady(join(home, name));
    return typeof ready?.api === 'string' && alive(ready.pid) ? [ready] : [];
  });
}

/** The token of the application that runs here with its API at `url`. One that cannot be looked for is not known. */
function localToken(url: string, env: NodeJS.ProcessEnv): string | undefined {
  let here: Ready[];
  try {
    here = runningApplications(env);
  } catch {
    return undefined;
  }
  return readToken(here.find((r) => isSameServer(r.api, url))?.tokenFile);
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

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether both are one server, by whichever name of this machine: a token goes to no other. */
function isSameServer(a: string, b: string): boolean {
  const origin = (text: string) => {
    const url = new URL(text);
    if (LOOPBACK.has(url.hostname)) url.hostname = 'localhost';
    return url.origin;
  };
  return URL.canParse(a) && URL.canParse(b) && origin(a) === origin(b);
}
