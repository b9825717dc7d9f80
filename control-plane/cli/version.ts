import { readFileSync } from 'node:fs';

/** Umbra's version, from the package this file belongs to: two folders up in the sources, three in the compiled package. */
export function version(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const found = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (found.name === 'umbra-mesh' && found.version !== undefined) return found.version;
    } catch {
      // The other place has it.
    }
  }
  return 'unknown';
}
