import { InvalidArgumentError } from 'commander';

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `30s`, `10m`, `2h`, `1d`. @throws InvalidArgumentError (a usage error) */
export function parseDuration(text: string): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (!found) throw new InvalidArgumentError('Give a time like 30s, 10m, 2h or 1d.');
  return Number(found[1]) * units[found[2] as keyof typeof units];
}

/** A port number. @throws InvalidArgumentError */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('Give a port between 0 and 65535.');
  return port;
}
