/**
 * npm run build:protos: Envoy's messages into control-plane/envoy/protos/gen (not in git). Sources are the .proto files that
 * ship inside @grpc/grpc-js-xds, overlaid by control-plane/envoy/protos/supplement. What the messages named in roots.json
 * reach becomes JavaScript with types; descriptors of all of the v3 API go into one file, api.binpb, for what is decoded by
 * name. Says nothing and does nothing when nothing changed.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const protos = join(root, 'control-plane/envoy/protos');
const gen = join(protos, 'gen');
const deps = join(root, 'node_modules/@grpc/grpc-js-xds/deps');
const bin = join(root, 'node_modules/.bin');

/** Where an import is looked for; the first that has it wins. */
const searchPath = [
  join(protos, 'supplement'),
  ...['envoy-api', 'xds', 'protoc-gen-validate', 'googleapis'].map((d) => join(deps, d)),
];

const roots: string[] = JSON.parse(readFileSync(join(protos, 'roots.json'), 'utf8'));

/** Everything the output depends on, in one hash. */
function fingerprint(): string {
  const hash = createHash('sha256')
    .update(readFileSync(fileURLToPath(import.meta.url)))
    .update(roots.join());
  const require = createRequire(import.meta.url);
  for (const name of ['@grpc/grpc-js-xds', '@bufbuild/protoc-gen-es', '@bufbuild/buf'])
    hash.update(
      JSON.parse(readFileSync(join(dirname(require.resolve(`${name}/package.json`)), 'package.json'), 'utf8')).version,
    );
  for (const entry of readdirSync(join(protos, 'supplement'), { recursive: true, encoding: 'utf8' }).sort())
    if (entry.endsWith('.proto')) hash.update(entry).update(readFileSync(join(protos, 'supplement', entry)));
  return hash.digest('hex');
}

/** The file that declares a message or service, found by its package's folder. */
function fileOf(type: string): string {
  const parts = type.split('.');
  const name = parts.pop()!;
  const folder = parts.join('/');
  for (const base of searchPath) {
    const dir = join(base, folder);
    if (!existsSync(dir)) continue;
    for (const file of readdirSync(dir))
      if (
        file.endsWith('.proto') &&
        new RegExp(`^(message|service) ${name} \\{`, 'm').test(readFileSync(join(dir, file), 'utf8'))
      )
        return `${folder}/${file}`;
  }
  throw new Error(`no .proto file declares ${type}`);
}

const sourceOf = (file: string) => searchPath.map((base) => join(base, file)).find((path) => existsSync(path));

const importsOf = (source: string): string[] =>
  [...readFileSync(source, 'utf8').matchAll(/^import (?:public |weak )?"([^"]+)";/gm)].map((m) => m[1]!);

/** Copies a file and all it imports into the staging folder. */
function stage(file: string, staging: string): void {
  const target = join(staging, file);
  if (file.startsWith('google/protobuf/') || existsSync(target)) return;
  const source = sourceOf(file);
  if (!source) throw new Error(`imported but nowhere found: ${file}`);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(source, target);
  for (const imported of importsOf(source)) stage(imported, staging);
}

/** The .proto files of the v3 API all of whose imports are there (tracing's need packages that are not). */
function wholeApi(): string[] {
  const known = new Map<string, boolean>();
  const whole = (file: string): boolean => {
    if (file.startsWith('google/protobuf/')) return true;
    let is = known.get(file);
    if (is === undefined) {
      known.set(file, true);
      const source = sourceOf(file);
      is = source !== undefined && importsOf(source).every(whole);
      known.set(file, is);
    }
    return is;
  };
  return searchPath
    .slice(0, 2)
    .flatMap((base) => readdirSync(base, { recursive: true, encoding: 'utf8' }))
    .filter((file) => /\/v3(alpha)?\/[^/]+\.proto$/.test(file) && whole(file));
}

const wanted = fingerprint();
const mark = join(gen, '.fingerprint');
if (!existsSync(mark) || readFileSync(mark, 'utf8') !== wanted) {
  console.log('building Envoy’s messages…');
  const work = mkdtempSync(join(tmpdir(), 'umbra-protos-'));
  try {
    const staging = join(work, 'proto');
    for (const type of roots) stage(fileOf(type), staging);
    const opt = ['target=js+dts', 'import_extension=js'];
    // One run of the plugin for everything, not one for each folder.
    const plugin = { local: join(bin, 'protoc-gen-es'), out: join(work, 'gen'), opt, strategy: 'all' };
    const template = { version: 'v2', plugins: [plugin] };
    const only = [...roots, 'validate.FieldRules'].flatMap((type) => ['--type', type]);
    const options = { cwd: work, stdio: ['ignore', 'inherit', 'inherit'] as ('ignore' | 'inherit')[] };
    execFileSync(join(bin, 'buf'), ['generate', staging, '--template', JSON.stringify(template), ...only], options);
    const api = join(work, 'api');
    for (const file of wholeApi()) stage(file, api);
    execFileSync(join(bin, 'buf'), ['build', api, '--exclude-source-info', '-o', join(work, 'gen/api.binpb')], options);
    writeFileSync(join(work, 'gen/.fingerprint'), wanted);
    // Other processes may be importing the old output: build aside, then swap.
    const aside = `${gen}.${process.pid}`;
    cpSync(join(work, 'gen'), aside, { recursive: true });
    rmSync(gen, { recursive: true, force: true });
    renameSync(aside, gen);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
