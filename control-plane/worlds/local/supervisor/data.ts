import { constants, existsSync, lstatSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';

/** Copies a data folder; sockets and other special files belong to their process and stay behind. Shares blocks where the file system can. */
export async function copyData(from: string, to: string): Promise<void> {
  if (!existsSync(from)) return;
  await cp(from, to, {
    recursive: true,
    force: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
    preserveTimestamps: true,
    filter: (source) => {
      try {
        const kind = lstatSync(source);
        return kind.isFile() || kind.isDirectory() || kind.isSymbolicLink();
      } catch {
        // It went away while we looked: temporary.
        return false;
      }
    },
  });
}

/** Empties `to` and fills it with a copy of `from`, if that is there. */
export async function replaceData(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true, mode: 0o700 });
  await copyData(from, to);
}
