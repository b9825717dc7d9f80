/**
 * npm run build:protos: Envoy's messages as JavaScript with types, into control-plane/envoy/protos/gen (not in git).
 * Sources are the .proto files that ship inside @grpc/grpc-js-xds, overlaid by control-plane/envoy/protos/supplement. Only
 * what the messages named in roots.json reach is generated. Says nothing and does nothing when nothing changed.
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

/** Copies a file and all it imports into the staging folder. */
function stage(file: string, staging: string): void {
  const target = join(staging, file);
  if (file.startsWith('google/protobuf/') || existsSync(target)) return;
  const source = searchPath.map((base) => join(base, file)).find((path) => existsSync(path));
  if (!source) throw new Error(`imported but nowhere found: ${file}`);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(source, target);
  for (const [, imported] of readFileSync(source, 'utf8').matchAll(/^import (?:public |weak )?"([^"]+)";/gm))
    stage(imported!, staging);
}

/** `all.js`: the descriptors of every generated file, for a registry. */
function writeIndex(folder: string): void {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('_pb.js'))
    .sort();
  const names = files.map((f) => `file_${f.slice(0, -'_pb.js'.length).replace(/[^A-Za-z0-9]/g, '_')}`);
  const imports = files.map((f, i) => `import { ${names[i]} } from './${f}';\n`).join('');
  writeFileSync(join(folder, 'all.js'), `${imports}export const files = [${names.join(', ')}];\n`);
  const types =
    "import type { DescFile } from '@bufbuild/protobuf';\nexport declare const files: readonly DescFile[];\n";
  writeFileSync(join(folder, 'all.d.ts'), types);
}

const wanted = fingerprint();
const mark = join(gen, '.fingerprint');
if (!existsSync(mark) || readFileSync(mark, 'utf8') !== wanted) {
  const work = mkdtempSync(join(tmpdir(), 'umbra-protos-'));
  try {
    const staging = join(work, 'proto');
    for (const type of roots) stage(fileOf(type), staging);
    const template = {
      version: 'v2',
      plugins: [
        { local: join(bin, 'protoc-gen-es'), out: join(work, 'gen'), opt: ['target=js+dts', 'import_extension=js'] },
      ],
    };
    const only = [...roots, 'validate.FieldRules'].flatMap((type) => ['--type', type]);
    const options = { cwd: work, stdio: ['ignore', 'inherit', 'inherit'] as ('ignore' | 'inherit')[] };
    execFileSync(join(bin, 'buf'), ['generate', staging, '--template', JSON.stringify(template), ...only], options);
    writeIndex(join(work, 'gen'));
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
