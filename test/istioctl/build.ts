/**
 * node test/istioctl/build.ts: a real istioctl, from its Go module at the version that go.mod beside this file pins, into the cache
 * folder (once; some ten minutes of one core, and 2 GB of Go's own caches). Tests that use it say so when it is not there.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const PACKAGE = 'istio.io/istio/istioctl/cmd/istioctl';

function wanted(): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(import.meta.dirname, file)));
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'umbra', `istioctl-${hash.digest('hex').slice(0, 12)}`, 'istioctl');
}

/** Where it is, or how to get it. */
export function findIstioctl(): { path: string } | { missing: string } {
  const path = wanted();
  return existsSync(path) ? { path } : { missing: 'istioctl is not built: node test/istioctl/build.ts' };
}

/** Builds it where it is not there yet; `say` is told what is done. Throws where Go or a module cannot be had. */
export function buildIstioctl(say: (line: string) => void): string {
  const path = wanted();
  if (existsSync(path)) return path;
  const go = spawnSync('go', ['version'], { encoding: 'utf8' });
  if (go.error || go.status !== 0) throw new Error('istioctl needs Go to be built, and there is none on PATH');
  const version = /istio\.io\/istio (\S+)/.exec(readFileSync(join(import.meta.dirname, 'go.mod'), 'utf8'))![1]!;
  say(`building istioctl ${version} with ${go.stdout.trim()}`);
  mkdirSync(join(path, '..'), { recursive: true });
  const aside = `${path}.${process.pid}`;
  const flags = [
    '-trimpath',
    '-tags=vtprotobuf,disable_pgv',
    `-ldflags=-s -w -X istio.io/istio/pkg/version.buildVersion=${version}`,
  ];
  execFileSync('go', ['build', ...flags, '-o', aside, PACKAGE], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly -buildvcs=false' },
  });
  renameSync(aside, path);
  return path;
}

if (import.meta.main) console.log(buildIstioctl(console.error));
