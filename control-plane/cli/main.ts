import { userInfo } from 'node:os';
import { endWithOutput } from './output.ts';
import { run } from './run.ts';
import type { Terminal } from './terminal.ts';
import { paint } from './text/words.ts';
import { version } from './version.ts';

/** The process: terminal, environment, exit code. */
export async function main(args: readonly string[]): Promise<void> {
  endWithOutput();
  const terminal: Terminal = {
    out: (text) => process.stdout.write(`${text}\n`),
    err: (text) => process.stderr.write(`${text}\n`),
    paint: paint(process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === ''),
    now: () => Date.now(),
    get stop() {
      // Only a command that asks for it takes Ctrl-C over; to the others it means what it always does.
      const ending = new AbortController();
      process.once('SIGINT', () => ending.abort());
      return ending.signal;
    },
    env: process.env,
    user: userName(),
  };
  process.exitCode = await run(args, terminal, version());
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'operator';
  }
}
