/**
 * Builds filters/build/{mirror,chaos}.wasm if a source is newer than they are; quiet when nothing is to be done.
 * `--force` builds anyway; given sources (filters/NAME/index.ts), it builds those instead. Exit code 1 with the compiler's own
 * words if a module does not compile.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FilterRole } from '../filters/config.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** What differs from asconfig.json: chaos has room to be quick, mirror is to be small. */
const ownOptions: Record<FilterRole, readonly string[]> = { mirror: [], chaos: ['--shrinkLevel', '1'] };
const filterRoles = ['mirror', 'chaos'] as const;
const transform = './scripts/filter-constants.ts';
const shrink = 'scripts/shrink-module.ts';
/** What every module depends on beside its sources. */
const options = ['asconfig.json', transform, shrink];

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** The newest change among AssemblyScript sources of a role and what it shares. */
function newestSource(role: string): number {
  let newest = Math.max(...options.map((file) => modified(join(root, file))));
  for (const folder of ['abi', 'lib', role]) {
    for (const name of readdirSync(join(root, 'filters', folder))) {
      if (name.endsWith('.ts') && !name.endsWith('.test.ts'))
        newest = Math.max(newest, modified(join(root, 'filters', folder, name)));
    }
  }
  return newest;
}

/**
 * Compiles one module from its source with the options of asconfig.json; paths are from the repository's root. A finished file
 * takes the old one's place at once, so a reader never sees half of it. False, with the compiler's words on stderr, if it fails.
 */
export function compileFilter(source: string, out: string, more: readonly string[] = []): boolean {
  const asc = join(dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')), 'bin/asc.js');
  const partial = out.replace(/wasm$/, `${process.pid}.wasm`);
  const node = (...args: string[]) => spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  let run = node(asc, source, '--outFile', partial, '--transform', transform, ...more);
  const level = more.indexOf('--shrinkLevel');
  if (run.status === 0) run = node(shrink, partial, partial, level < 0 ? '2' : more[level + 1]!);
  if (run.status !== 0) {
    rmSync(join(root, partial), { force: true });
    process.stderr.write(`${run.stdout}${run.stderr}${run.error ? `${run.error.message}\n` : ''}`);
    return false;
  }
  renameSync(join(root, partial), join(root, out));
  return true;
}

/** True if the modules of the roles are there and newer than their sources. Prints a line per module that was built. */
export function buildFilters(force = false, roles: readonly FilterRole[] = filterRoles): boolean {
  mkdirSync(join(root, 'filters', 'build'), { recursive: true });
  for (const role of roles) {
    const target = join(root, 'filters', 'build', `${role}.wasm`);
    if (!force && modified(target) >= newestSource(role)) continue;
    console.log(`building filters/${role}…`);
    if (!compileFilter(`filters/${role}/index.ts`, `filters/build/${role}.wasm`, ownOptions[role])) return false;
    console.log(`filters/build/${role}.wasm ${(statSync(target).size / 1024).toFixed(1)} KiB`);
  }
  return true;
}

/** Builds filters/build/FOLDER.wasm from filters/FOLDER/index.ts, for a filter of one's own. */
function buildOwn(source: string): boolean {
  const out = `filters/build/${basename(dirname(source))}.wasm`;
  mkdirSync(join(root, 'filters', 'build'), { recursive: true });
  if (!compileFilter(source, out)) return false;
  console.log(`${out} ${(statSync(join(root, out)).size / 1024).toFixed(1)} KiB`);
  return true;
}

if (import.meta.main) {
  const own = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  if (!(own.length > 0 ? own.every(buildOwn) : buildFilters(process.argv.includes('--force')))) process.exit(1);
}
