import { closeSync, openSync } from 'node:fs';

/** Whether this process has a terminal that is still there: one that hung up can no longer be opened (tty(4): ENXIO or EIO). */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/**
 * What SIGHUP means: as for any program at a terminal, that it was closed; for a daemon, or when sent by hand, that the
 * configuration is to be read again.
 * @param atStart whether there was a terminal as the program started
 */
export const meansHangup = (atStart: boolean, now = hasTerminal()): boolean => atStart && !now;
