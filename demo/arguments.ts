import { InvalidArgumentError } from 'commander';

/** Requests per second that two cores carry with both worlds on them. */
export const DEFAULT_RATE = 24;

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) throw new InvalidArgumentError('a number is needed');
  return value;
}

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `90s`, `10m` in ms. */
export function duration(text: string): number {
  const [, amount, unit] = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)$/.exec(text) ?? [];
  if (amount === undefined) throw new InvalidArgumentError('a duration such as 90s or 10m is needed');
  return Number(amount) * units[unit!]!;
}
