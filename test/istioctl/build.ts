/**
 * node test/istioctl/build.ts: a real istioctl, from its Go module at the version that go.mod beside this file pins, into the cache
 * folder (once; some ten minutes of two cores, and 3 GB of Go's own caches). Stopped half-way, it goes on where it was: what is
 * compiled stays in Go's cache. Tests that use it say so when it is not there.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { GoOutput } from './go-output.ts';

const PACKAGE = 'istio.io/istio/istioctl/cmd/istioctl';
const PROGRESS_MS = 15_000;

/** Where the istioctl that go.mod pins is, or will be, below a cache folder. */
export function istioctlBelow(cache: string): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(import.meta.dirname, file)));
  return join(cache, 'umbra', `istioctl-${hash.digest('hex').slice(0, 12)}`, 'istioctl');
}

const wanted = () => istioctlBelow(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'));

/** Where it is, or how to get it. */
export function findIstioctl(): { path: string } | { missing: string } {
  const path = wanted();
  return existsSync(path) ? { path } : { missing: 'istioctl is not built: node test/istioctl/build.ts' };
}

/**
 * Builds it where it is not there yet; `say` is told how it goes. An abort stops Go and leaves nothing half-made. Rejects, with one
 * line that says why, where Go or a module cannot be had.
 */
export async function buildIstioctl(say: (line: string) => void, signal?: AbortSignal): Promise<string> {
  const path = wanted();
  if (existsSync(path)) return path;
  const folder = dirname(path);
  mkdirSync(dirname(folder), { recursive: true });
  discardLeftOvers(folder);
  const version = /istio\.io\/istio (\S+)/.exec(readFileSync(join(import.meta.dirname, 'go.mod'), 'utf8'))![1]!;
  say(`building istioctl ${version}`);
  const aside = `${folder}.${process.pid}`;
  try {
    await compile(version, aside, say, signal);
    mkdirSync(folder, { recursive: true });
    renameSync(aside, path);
  } finally {
    rmSync(aside, { force: true });
  }
  return path;
}

async function compile(version: string, to: string, say: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const flags = [
    '-v',
    '-trimpath',
    '-tags=vtprotobuf,disable_pgv',
    `-ldflags=-s -w -X istio.io/istio/pkg/version.buildVersion=${version}`,
  ];
  const go = spawn('go', ['build', ...flags, '-o', to, PACKAGE], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly -buildvcs=false' },
  });
  const stop = () => go.kill('SIGINT'); // Go ends its compilers on this one, and clears its working folder.
  signal?.addEventListener('abort', stop);
  const output = new GoOutput();
  const startedAt = performance.now();
  const progress = setInterval(() => {
    say(`${Math.round((performance.now() - startedAt) / 1000)} s: ${output.progress}`);
  }, PROGRESS_MS);
  createInterface({ input: go.stderr }).on('line', (line) => output.take(line));
  try {
    const [code] = (await once(go, 'close')) as [number | null];
    if (signal?.aborted) throw new Error('stopped; the next build goes on from here');
    if (code !== 0) throw new Error(`go build failed: ${output.reason ?? `exit status ${code}`}`);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw missing ? new Error('it needs Go, and there is none on PATH') : error;
  } finally {
    clearInterval(progress);
    signal?.removeEventListener('abort', stop);
  }
}

/** What builds that were killed put aside and could not clear up. */
function discardLeftOvers(folder: string): void {
  const prefix = `${basename(folder)}.`;
  for (const name of readdirSync(dirname(folder)))
    if (name.startsWith(prefix) && !isRunning(Number(name.slice(prefix.length)))) rmSync(join(dirname(folder), name));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

if (import.meta.main) {
  const end = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.abort());
  try {
    console.log(await buildIstioctl(console.error, end.signal));
  } catch (error) {
    console.error(`istioctl cannot be built: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
