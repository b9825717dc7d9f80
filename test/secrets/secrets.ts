import { randomBytes, randomInt } from 'node:crypto';

/** A secret by its name: nothing in it tells what it is. */
export const word = (): string => randomBytes(12).toString('hex');

/** A valid card number: its last digit is Luhn's. */
export function card(): string {
  const digits = [4, ...Array.from({ length: 14 }, () => randomInt(10))];
  const sum = digits.reduce((total, d, i) => total + (i % 2 === 0 ? (d > 4 ? 2 * d - 9 : 2 * d) : d), 0);
  return [...digits, (10 - (sum % 10)) % 10].join('');
}

/** Sixteen digits as they are printed on a card. */
export const grouped = (digits: string): string => digits.replaceAll(/(\d{4})(?=\d)/g, '$1 ');

/** A JSON web token. */
export function webToken(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part({ sub: word() })}.${randomBytes(16).toString('base64url')}`;
}

/** What a secret may be written as. */
export const formsOf = (secret: string): string[] => [
  secret,
  grouped(secret),
  encodeURIComponent(grouped(secret)),
  Buffer.from(secret).toString('base64').replaceAll('=', ''),
];
