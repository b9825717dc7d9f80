import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The package's folder: the nearest one above with both commands in it (a checkout's, or the published package's). */
function packageFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'bin/umbra-demo.js'))) {
    if (dirname(folder) === folder) throw new Error(`no package around ${import.meta.dirname}`);
    folder = dirname(folder);
  }
  return folder;
}

const root = packageFolder();

export const launchers = {
  umbra: join(root, 'bin/umbra.js'),
  demo: join(root, 'bin/umbra-demo.js'),
  /** Only in a checkout. */
  prepare: join(root, 'scripts/prepare.ts'),
  system: join(root, 'scripts/system.ts'),
} as const;

/** The shop's document, beside its code. */
export const document = join(import.meta.dirname, '../app.yaml');
