import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Documents } from '../../../api/kinds/parse.ts';
import type { MountPlan } from '../../../shadow/isolation/mount-script.ts';
import type { ReplicaHost } from './replica.ts';

/** What programs in a folder of PATH may need from beside it. Not all of what lies there: it may hold credentials. */
const BESIDE_PROGRAMS = ['lib', 'lib64', 'libexec', 'versions', 'version'];

const real = (path: string): string | undefined => {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
};

/** What this machine shows to the shadow. */
export function mountPlan(options: {
  readonly documents: Documents;
  readonly file: string;
  readonly host: ReplicaHost;
}): MountPlan {
  const { run, envoyBinary, env } = options.host;
  const services = Object.values(options.documents.application.spec.services);
  const base = dirname(resolve(options.file));
  const folders = [base, ...services.map((s) => resolve(base, s.cwd ?? '.'))];
  const userHome = real(homedir());
  const privates = ['/tmp', '/var/tmp', '/run', userHome].flatMap((path) => {
    const at = path === undefined ? undefined : real(path);
    return at === undefined || at === '/' ? [] : [at];
  });
  const packageRoot = fileURLToPath(new URL('../../../..', import.meta.url));
  const keeps = [packageRoot, dirname(dirname(process.execPath)), dirname(envoyBinary)];
  for (const path of (env.PATH ?? '').split(':').filter((p) => p.startsWith('/'))) {
    const at = real(path);
    if (at !== undefined) keeps.push(at, ...BESIDE_PROGRAMS.map((name) => join(dirname(at), name)));
  }
  // dist/ of the published package: modules lie above it.
  if (packageRoot.endsWith(`${sep}dist${sep}`)) keeps.push(dirname(packageRoot.replace(/\/$/, '')));
  const distinct = (list: readonly (string | undefined)[]) =>
    [...new Set(list.filter((p) => p !== undefined && p !== '/'))] as string[];
  const overlays = distinct(folders.map(real));
  return {
    shadow: real(run.world('shadow'))!,
    // Data, their snapshot, sockets, logs. Whatever else is in the shadow's folder only this side writes, and must be able to trust.
    writable: ['data', 'kept', 'x', 'logs'],
    home: real(dirname(run.path))!,
    production: join(real(run.path)!, 'production'),
    privates: distinct(privates),
    keeps: distinct(keeps.map(real)).filter((k) => !overlays.includes(k)),
    overlays,
  };
}
