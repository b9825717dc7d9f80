import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration, parsePort } from '../../control-plane/cli/duration.ts';
import { DEFAULT_RATE, number, writable } from '../arguments.ts';
import { troubleNamed } from '../troubles/index.ts';

/** A trouble that starts so many ms after the load, and ends after `forMs` or with the run. */
export interface PlannedTrouble {
  readonly name: string;
  readonly atMs: number;
  readonly forMs?: number;
}

export interface StartOptions {
  readonly forMs?: number;
  readonly report?: string;
  readonly troubles: readonly PlannedTrouble[];
  readonly rate: number;
  readonly port?: number;
  readonly apiPort?: number;
  readonly load: boolean;
}

/** `NAME@SECONDS`, `NAME@SECONDS+DURATION`; both may have a unit (`2m`). @throws InvalidArgumentError */
export function parseTrouble(text: string): PlannedTrouble {
  const [, name, at, length] = /^([a-z-]+)@([^+]+)(?:\+(.+))?$/.exec(text) ?? [];
  if (name === undefined || at === undefined)
    throw new InvalidArgumentError('give NAME@SECONDS or NAME@SECONDS+DURATION');
  try {
    troubleNamed(name);
  } catch (e) {
    throw new InvalidArgumentError((e as Error).message);
  }
  const time = (part: string) => (/^[0-9.]+$/.test(part) ? number(part) * 1000 : parseDuration(part));
  return { name, atMs: time(at), ...(length === undefined ? {} : { forMs: time(length) }) };
}

/** The command with its options; `run` is given them when they are good. */
export function startCommand(command: Command, run: (options: StartOptions) => Promise<void>): Command {
  return command
    .description('the shop, its shadow, Umbra and users; Ctrl-C stops all of it')
    .option('--for <duration>', 'end by itself after, from the first user on: 90s, 10m', parseDuration)
    .option('--report <file>', 'write a report at the end', writable)
    .option(
      '--trouble <name@seconds>',
      'start a trouble so many seconds after the first user; NAME@SECONDS+DURATION ends it; may be given again',
      (text: string, before: PlannedTrouble[] | undefined) => [...(before ?? []), parseTrouble(text)],
    )
    .option('--rate <n>', 'what users send, requests per second', number, DEFAULT_RATE)
    .option('--port <port>', 'where users enter (default: a free port)', parsePort)
    .option('--api-port <port>', 'where API and dashboard listen (default: a free port)', parsePort)
    .option('--no-load', 'no users')
    .action(
      async (o: {
        for?: number;
        report?: string;
        trouble?: PlannedTrouble[];
        rate: number;
        port?: number;
        apiPort?: number;
        load: boolean;
      }) =>
        run({
          troubles: o.trouble ?? [],
          rate: o.rate,
          load: o.load,
          ...(o.for === undefined ? {} : { forMs: o.for }),
          ...(o.report === undefined ? {} : { report: o.report }),
          ...(o.port === undefined ? {} : { port: o.port }),
          ...(o.apiPort === undefined ? {} : { apiPort: o.apiPort }),
        }),
    );
}
