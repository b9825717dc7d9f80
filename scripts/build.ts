import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { prepare } from './prepare.ts';

// Builds dist/: compiled JavaScript and what is not imported (filters, dashboard, generated protos, the demo's documents), in the
// repository's layout, so that control-plane/assets.ts finds the same relative paths. This is what the published package holds.

const root = resolve(import.meta.dirname, '..');
const dist = join(root, 'dist');

prepare();
rmSync(dist, { recursive: true, force: true });
const compiled = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

const copied = [
  'filters/build',
  'dashboard/build',
  'control-plane/envoy/protos/gen',
  'models',
  'demo/app.yaml',
  'demo/replica.js',
];
for (const path of copied) {
  if (!existsSync(join(root, path))) {
    console.error(`${path} is missing: it belongs into the package`);
    process.exit(1);
  }
  cpSync(join(root, path), join(dist, path), {
    recursive: true,
    filter: (from) => !/\.(ts|wat|map)$/.test(from) || from.endsWith('.d.ts'),
  });
}
