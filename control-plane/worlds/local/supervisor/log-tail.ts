import { closeSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs';

/** The last `lines` lines of a log, indented; says so where there are none. */
export function logTail(path: string, lines = 20): string {
  let text = '';
  try {
    const file = openSync(path, 'r');
    const size = fstatSync(file).size;
    const buffer = Buffer.alloc(Math.min(size, 8192));
    readSync(file, buffer, 0, buffer.length, size - buffer.length);
    closeSync(file);
    text = buffer.toString('utf8').trimEnd();
  } catch {
    return '    (no log)';
  }
  if (text === '') return '    (the log is empty)';
  return text
    .split('\n')
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join('\n');
}

/** Empties a log that has grown beyond `most` bytes; its writers append, so they go on at its new end. */
export function boundLog(path: string, most = 16 * 1024 * 1024): void {
  try {
    if (statSync(path).size > most) truncateSync(path, 0);
  } catch {
    // It is not there yet.
  }
}
