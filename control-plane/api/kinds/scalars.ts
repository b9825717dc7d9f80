import Type, { type TSchemaOptions } from 'typebox';

export const Name = (options: TSchemaOptions = {}) => Type.String({ pattern: '^[a-z][a-z0-9-]{0,40}$', ...options });
/** `250ms`, `2s`, `1m`; above zero: no time is never what is meant. */
export const Duration = (options: TSchemaOptions = {}) =>
  Type.String({ pattern: '^(?=.*[1-9])[0-9]+(\\.[0-9]+)?(ms|s|m|h)$', examples: ['250ms', '2s', '1m'], ...options });
/** `64KiB`, `1MiB`, `2GiB` or plain bytes. */
export const Size = (options: TSchemaOptions = {}) =>
  Type.String({ pattern: '^[0-9]+(\\.[0-9]+)?(B|KiB|MiB|GiB)?$', examples: ['64KiB', '1MiB', '2GiB'], ...options });
/** A {@link Size} above zero: a bound of nothing would be none at all. */
export const Bound = () => Size({ pattern: '^(?=.*[1-9])[0-9]+(\\.[0-9]+)?(B|KiB|MiB|GiB)?$' });
/** `http://host[:port]`: all that a proxy or a relay needs to reach what is outside, and can. */
export const Url = (options: TSchemaOptions = {}) =>
  Type.String({
    pattern: '^http://[A-Za-z0-9._-]+(:[0-9]{1,5})?$',
    examples: ['http://bank.example', 'http://127.0.0.1:8080'],
    ...options,
  });
export const Percent = (options: TSchemaOptions = {}) => Type.Number({ minimum: 0, maximum: 100, ...options });
/** A header's name (RFC 9110 token), whatever its case. */
export const HeaderName = (options: TSchemaOptions = {}) =>
  Type.String({ pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$", ...options });
export const CookieName = HeaderName;
/** A field of a query or a form. */
export const FieldName = (options: TSchemaOptions = {}) => Type.String({ minLength: 1, ...options });
export const Metadata = Type.Object({ name: Name() }, { additionalProperties: false });

const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const sizeUnits = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** Milliseconds of a {@link Duration} that passed the schema. */
export function milliseconds(text: string): number {
  const [, number, unit] = /^([0-9.]+)(ms|s|m|h)$/.exec(text)!;
  return Number(number) * durationUnits[unit as keyof typeof durationUnits];
}

/** Bytes of a {@link Size} that passed the schema. */
export function bytes(text: string): number {
  const [, number, unit] = /^([0-9.]+)(B|KiB|MiB|GiB)?$/.exec(text)!;
  return Math.round(Number(number) * sizeUnits[(unit ?? 'B') as keyof typeof sizeUnits]);
}

/** Where a {@link Url} that passed the schema leads, `host:port`, this machine under one name; undefined where no such place can be. */
export function addressOf(url: string): string | undefined {
  const at = URL.parse(url);
  if (!at || at.port === '0') return undefined;
  const host = at.hostname.replace(/\.$/, '');
  const here = /^(127(\.\d+){3}|0\.0\.0\.0|(.+\.)?localhost)$/.test(host);
  return `${here ? 'localhost' : host}:${at.port || 80}`;
}
