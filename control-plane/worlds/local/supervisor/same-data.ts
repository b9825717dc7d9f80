import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Path → size and time of every file below a folder; sockets and the like left out, as {@link copyData} does. */
function listing(folder: string, below = '', found = new Map<string, string>()): Map<string, string> {
  for (const name of readdirSync(join(folder, below))) {
    const path = join(below, name);
    const entry = lstatSync(join(folder, path));
    if (entry.isDirectory()) listing(folder, path, found);
    else if (entry.isFile()) found.set(path, `${entry.size} ${Math.round(entry.mtimeMs)}`);
    else if (entry.isSymbolicLink()) found.set(path, 'link');
  }
  return found;
}

/** Whether two data folders hold the same files by name, size and time of change; false where either is not there. */
export function sameData(a: string, b: string): boolean {
  try {
    const one = listing(a);
    const other = listing(b);
    return one.size === other.size && [...one].every(([path, what]) => other.get(path) === what);
  } catch {
    return false;
  }
}
