import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** What is generated and not committed, in the order it is needed. Each step is quiet and quick when it is up to date. */
const steps: [what: string, script: string][] = [
  ['Envoy protos', 'build-protos.ts'],
  ['filters', 'build-filters.ts'],
  ['dashboard', 'build-dashboard.ts'],
];

/** Builds what is missing or stale; ends the process with the step's own output where one fails. */
export function prepare(): void {
  for (const [what, script] of steps) {
    const path = join(root, 'scripts', script);
    if (!existsSync(path)) throw new Error(`${what}: scripts/${script} is missing`);
    const run = spawnSync(process.execPath, [path], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    if (run.status !== 0) {
      console.error(`${what} could not be built (scripts/${script}, exit ${run.status})`);
      process.exit(1);
    }
  }
}

if (import.meta.main) prepare();
