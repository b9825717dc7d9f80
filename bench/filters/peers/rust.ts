import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const crate = join(import.meta.dirname, 'rust');
const cache = join(import.meta.dirname, '../../../.cache/bench-rust');
const TARGET = 'wasm32-unknown-unknown';
const module = join(cache, 'target', TARGET, 'release', 'umbra_bench_peer.wasm');

/** The module, or why there is none. */
export type Built = { readonly path: string } | { readonly skipped: string };

function run(command: string, args: string[], env: NodeJS.ProcessEnv = process.env) {
  const ran = spawnSync(command, args, { cwd: crate, encoding: 'utf8', env });
  return { ok: ran.status === 0, out: ran.stdout ?? '', said: ran.stderr?.trim() || ran.error?.message || '' };
}

/** Folders with a cargo whose rustc has the target's library: those on PATH, then Debian's (`libstd-rust-dev-wasm32`). */
function toolchain(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/bin'];
  return folders.find((folder) => {
    const rustc = join(folder, 'rustc');
    if (!existsSync(rustc) || !existsSync(join(folder, 'cargo'))) return false;
    const { ok, out } = run(rustc, ['--print', 'sysroot']);
    return ok && existsSync(join(out.trim(), 'lib/rustlib', TARGET, 'lib'));
  });
}

const newest = () =>
  Math.max(
    ...['Cargo.toml', 'Cargo.lock', ...readdirSync(join(crate, 'src')).map((f) => join('src', f))].map(
      (f) => statSync(join(crate, f)).mtimeMs,
    ),
  );

/**
 * Builds the peer unless it is built and newer than its sources. The crates are fetched into a folder first, by whichever cargo
 * is first on PATH: Debian's reads only the registry's git index, which not every network lets through.
 */
export function buildRust(say: (line: string) => void): Built {
  if (existsSync(module) && statSync(module).mtimeMs > newest()) return { path: module };
  const folder = toolchain();
  if (!folder)
    return { skipped: `no Rust with ${TARGET}; on Debian: apt-get install cargo rustc libstd-rust-dev-wasm32 lld` };
  mkdirSync(cache, { recursive: true });
  say('building the Rust peer (a minute, once)');
  const vendor = join(cache, 'vendor');
  const fetched = run('cargo', ['vendor', '--locked', '--versioned-dirs', vendor]);
  if (!fetched.ok) return { skipped: `its crates cannot be fetched: ${fetched.said.split('\n').at(-1)}` };
  const built = run(
    join(folder, 'cargo'),
    [
      ...['build', '--release', '--locked', '--offline', '--target', TARGET],
      ...['--config', 'source.crates-io.replace-with="vendored"'],
      ...['--config', `source.vendored.directory=${JSON.stringify(vendor)}`],
    ],
    {
      ...process.env,
      PATH: `${folder}:${process.env.PATH}`,
      RUSTC: join(folder, 'rustc'),
      CARGO_TARGET_DIR: join(cache, 'target'),
    },
  );
  if (!built.ok) return { skipped: `it does not compile: ${built.said.split('\n').slice(-3).join(' ')}` };
  return { path: module };
}
