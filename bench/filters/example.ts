import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { compileFilter } from '../../scripts/build-filters.ts';

const root = join(import.meta.dirname, '../..');
const built = join('.cache', 'bench-example.wasm');

/** Builds the filter of docs/new-filter.md, the smallest there is on our binding. Throws if it does not compile. */
export function buildExample(): { path: string; bytes: number } {
  mkdirSync(join(root, '.cache'), { recursive: true });
  if (!compileFilter('filters/example/index.ts', built)) throw new Error('filters/example does not compile');
  const path = join(root, built);
  return { path, bytes: statSync(path).size };
}
