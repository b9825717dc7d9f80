import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { codes } from '../control-plane/mesh/codes.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

function filesBelow(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && pattern.test(e.name))
    .map((e) => relative(root, join(e.parentPath, e.name)))
    .filter((f) => !/(^|\/)(node_modules|gen|build|dist)\//.test(f));
}

/** Modules a file names in import and export statements and in dynamic imports, resolved to paths below the root. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = [
    ...text.matchAll(
      /^\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|^\s*import\s+['"]([^'"]+)['"]/gm,
    ),
  ];
  return found
    .map((m) => (m[1] ?? m[2] ?? m[3])!)
    .map((s) => (s.startsWith('.') ? relative(root, resolve(root, dirname(file), s)) : s));
}

/** What each module may know beside itself, node's own modules and packages. The design's arrows: `mesh` ← everything. */
const mayImport: Record<string, string[]> = {
  mesh: [],
  xds: ['mesh', 'envoy/protos'],
  envoy: ['mesh', 'xds/resource.ts'],
  telemetry: ['mesh', 'envoy'],
  learning: ['mesh', 'worlds/simulated'],
  'worlds/simulated': ['mesh'],
  guardian: ['mesh', 'telemetry'],
  chaos: ['mesh', 'telemetry', 'guardian'],
  store: ['mesh'],
  shadow: ['mesh', 'envoy', 'api/kinds'],
  'worlds/local': ['mesh', 'envoy', 'xds', 'telemetry', 'shadow', 'api/kinds', 'assets.ts'],
  'api/kinds': ['mesh'],
  api: ['mesh', 'assets.ts'],
  standalone: ['mesh', 'envoy', 'xds'],
  cli: ['mesh', 'api', 'envoy', 'worlds/local', 'standalone', 'xds/address.ts', 'assets.ts'],
};
const modules = Object.keys(mayImport).sort((a, b) => b.length - a.length);
const moduleOf = (path: string) => modules.find((m) => path.startsWith(`control-plane/${m}/`));

/** Whether a file of the control plane may not import `to`. */
function pointsWrong(file: string, to: string): boolean {
  const from = moduleOf(file);
  if (from === undefined) return false;
  if (to.startsWith('filters/')) return from !== 'envoy' && from !== 'worlds/local' && from !== 'shadow';
  if (/^(demo|bench|test|scripts|dashboard)\//.test(to)) return true;
  if (!to.startsWith('control-plane/')) return false;
  const within = (m: string) => to === `control-plane/${m}` || to.startsWith(`control-plane/${m}/`);
  return !within(from) && !mayImport[from]!.some(within);
}

test('imports point one way', () => {
  const wrong: string[] = [];
  for (const file of filesBelow('control-plane', /\.ts$/)) {
    if (file.endsWith('.test.ts')) continue;
    for (const to of importsOf(file)) if (pointsWrong(file, to)) wrong.push(`${file} → ${to}`);
  }
  assert.deepEqual(wrong, []);
});

test('a wrong arrow is noticed', () => {
  assert.ok(pointsWrong('control-plane/learning/learner.ts', 'control-plane/envoy/build.ts'));
  assert.ok(pointsWrong('control-plane/mesh/world.ts', 'control-plane/xds/index.ts'));
  assert.ok(pointsWrong('control-plane/xds/server.ts', 'filters/config.ts'));
  assert.ok(pointsWrong('control-plane/guardian/guardian.ts', 'demo/home.ts'));
  assert.ok(!pointsWrong('control-plane/guardian/guardian.ts', 'control-plane/mesh/world.ts'));
  assert.equal(moduleOf('control-plane/api/kinds/parse.ts'), 'api/kinds');
});

test('learning knows no files, no network and no gRPC', () => {
  for (const file of filesBelow('control-plane/learning', /\.ts$/)) {
    if (file.endsWith('.test.ts')) continue;
    for (const to of importsOf(file))
      assert.doesNotMatch(to, /^(node:)?(fs|net|http|https|child_process)\b|grpc/, file);
  }
});

test('the wall clock is read in one place', () => {
  const entryPoints = /^control-plane\/(mesh\/clock\.ts|main\.ts|cli\/)/;
  for (const file of filesBelow('control-plane', /\.ts$/)) {
    if (file.endsWith('.test.ts') || entryPoints.test(file)) continue;
    assert.doesNotMatch(
      readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''),
      /\bDate\.now\(/,
      `${file} uses Date.now(); take a Clock`,
    );
  }
});

test('every diagnostic has its section', () => {
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
  for (const code of Object.keys(codes)) assert.match(page, new RegExp(`^## ${code}\\b`, 'm'));
});

test('Umbra is not told of the demo’s troubles', () => {
  const names = filesBelow('demo/troubles', /\.ts$/)
    .map((f) => /([^/]+)\.ts$/.exec(f)![1]!)
    .filter((name) => name.includes('-') && !name.endsWith('.test'));
  assert.ok(names.length >= 5, `only ${names.length} troubles found`);
  const told: string[] = [];
  for (const folder of ['control-plane', 'filters', 'dashboard', 'models']) {
    for (const file of filesBelow(folder, /\.(ts|tsx|json|yaml|html)$/)) {
      const text = readFileSync(join(root, file), 'utf8');
      for (const name of names) if (text.includes(name)) told.push(`${file}: ${name}`);
    }
  }
  assert.deepEqual(told, []);
});
