import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

// Builds dashboard/ into dashboard/build/ with vite where a source is newer than what was built.

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'dashboard');
const built = join(source, 'build/index.html');

const newest = Math.max(
  ...readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && !e.parentPath.startsWith(join(source, 'build')))
    .map((e) => statSync(join(e.parentPath, e.name)).mtimeMs),
);
if (!existsSync(built) || statSync(built).mtimeMs < newest) {
  console.log('building the dashboard…');
  const run = spawnSync(
    process.execPath,
    [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn', source],
    { cwd: root, stdio: 'inherit' },
  );
  process.exit(run.status ?? 1);
}
