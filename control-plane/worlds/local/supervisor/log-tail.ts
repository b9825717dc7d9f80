import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

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

/** Empties each log of a folder that has grown beyond `most` bytes; their writers append, so they go on at the new end. */
export function boundLogs(folder: string, most = 16 * 1024 * 1024): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    try {
      if (statSync(path).size > most) truncateSync(path, 0);
    } catch {
      // It has just gone, or may not be written to.
    }
  }
}
