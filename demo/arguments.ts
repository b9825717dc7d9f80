import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';

/** Requests per second that two cores carry with both worlds on them. */
export const DEFAULT_RATE = 24;

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('Give a number, 0 or above.');
  return value;
}

/** Where a file is to be written in the end: told now what would be in its way. @throws InvalidArgumentError */
export function writable(path: string): string {
  try {
    if (existsSync(path)) {
      if (statSync(path).isDirectory()) throw new Error('it is a folder');
      accessSync(path, constants.W_OK);
    } else accessSync(dirname(resolve(path)), constants.W_OK);
  } catch (e) {
    throw new InvalidArgumentError(`It cannot be written: ${(e as Error).message}.`);
  }
  return path;
}
