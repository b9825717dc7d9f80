import { linkSync, lstatSync, renameSync, rmSync, type Stats } from 'node:fs';

function look(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/**
 * Makes `to` a second name of the Unix socket `from`. Who may write where `from` lies could put a symbolic link there and lead a
 * client of it anywhere; a hard link is to the socket itself, and is looked at before it gets its name. Returns whether there is
 * something new. @throws where `from` is no socket
 */
export function followSocket(from: string, to: string): boolean {
  const now = look(from);
  if (!now?.isSocket()) throw new Error(`${from} is no socket`);
  if (look(to)?.ino === now.ino) return false;
  const next = `${to}.new`;
  rmSync(next, { force: true });
  linkSync(from, next);
  if (!look(next)?.isSocket()) {
    rmSync(next, { force: true });
    throw new Error(`${from} is no socket`);
  }
  renameSync(next, to);
  return true;
}
