import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FilterRole } from '../../filters/config.ts';
import { buildFilters } from '../../scripts/build-filters.ts';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The built module's path; builds it first if a source is newer. */
export function modulePath(role: FilterRole): string {
  if (!buildFilters(false, [role])) throw new Error('the filters do not compile');
  return join(repository, 'filters', 'build', `${role}.wasm`);
}

const compiled = new Map<FilterRole, WebAssembly.Module>();

export function moduleOf(role: FilterRole): WebAssembly.Module {
  let module = compiled.get(role);
  if (!module) {
    module = new WebAssembly.Module(readFileSync(modulePath(role)));
    compiled.set(role, module);
  }
  return module;
}
