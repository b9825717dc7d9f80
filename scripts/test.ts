import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare } from './prepare.ts';
import { installSystemPackages } from './system.ts';

// `npm test`: builds, type check, lint, then every test by node's own runner. `npm test -- PATTERN …` runs only those files.

const bin = (name: string) => join(import.meta.dirname, '../node_modules/.bin', name);
function run(command: string, args: string[]): void {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

installSystemPackages();
prepare();
const only = process.argv.slice(2);
if (only.length === 0) {
  run(bin('tsc'), ['-p', '.']);
  run(bin('tsc'), ['-p', 'dashboard']);
  run(bin('biome'), ['check', '--error-on-warnings', '.']);
}
const files =
  only.length > 0
    ? only
    : [
        'control-plane/**/*.test.ts',
        'dashboard/src/**/*.test.ts',
        'demo/**/*.test.ts',
        'filters/**/*.test.ts',
        'bench/**/*.test.ts',
        'test/**/*.test.ts',
      ];
run(process.execPath, ['--test', '--test-concurrency=2', '--test-timeout=300000', ...files]);
