/** The rules of protoc-gen-validate for one scalar, enum, duration or Any: what Envoy applies to every field it reads. */
import type { DescEnum } from '@bufbuild/protobuf';
import {
  type BytesRules,
  type DurationRules,
  type EnumRules,
  KnownRegex,
  type StringRules,
} from '../protos/gen/validate/validate_pb.js';

/** Says in words which rule a value breaks; undefined = none. */
export type Broken = string | undefined;

interface NumberRules {
  const?: number | bigint;
  lt?: number | bigint;
  lte?: number | bigint;
  gt?: number | bigint;
  gte?: number | bigint;
  in?: readonly (number | bigint)[];
  notIn?: readonly (number | bigint)[];
  ignoreEmpty?: boolean;
}

/** Rules are proto2 messages: a field that is not set reads as its type's zero, so presence has to be asked for. */
export const given = <T extends object, K extends keyof T>(rules: T, key: K): T[K] | undefined =>
  Object.hasOwn(rules, key) ? rules[key] : undefined;

export function checkNumber(value: number | bigint, rules: NumberRules): Broken {
  const zero = typeof value === 'bigint' ? value === 0n : value === 0;
  if (given(rules, 'ignoreEmpty') && zero) return undefined;
  const is = given(rules, 'const');
  const [lt, lte, gt, gte] = [given(rules, 'lt'), given(rules, 'lte'), given(rules, 'gt'), given(rules, 'gte')];
  if (is !== undefined && value !== is) return `must be ${is}`;
  const low = gt !== undefined ? value > gt : gte !== undefined ? value >= gte : true;
  const high = lt !== undefined ? value < lt : lte !== undefined ? value <= lte : true;
  const from = gt !== undefined ? `greater than ${gt}` : `at least ${gte}`;
  const to = lt !== undefined ? `less than ${lt}` : `at most ${lte}`;
  // A lower bound above the upper one means outside of the two.
  const lower = gt ?? gte;
  const upper = lt ?? lte;
  if (lower !== undefined && upper !== undefined && lower > upper) {
    if (!low && !high) return `must be ${from} or ${to}`;
  } else {
    if (!low) return `must be ${from}`;
    if (!high) return `must be ${to}`;
  }
  if (rules.in?.length && !rules.in.includes(value)) return `must be one of ${rules.in.join(', ')}`;
  if (rules.notIn?.includes(value)) return `must not be ${value}`;
  return undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is the rule
const looseHeader = /^[^\u0000\n\r]*$/;

/** As the generated code that Envoy uses has them; `+-.` is a range there too. */
const headerPatterns: Record<KnownRegex, { strict: RegExp; loose: RegExp } | undefined> = {
  [KnownRegex.UNKNOWN]: undefined,
  [KnownRegex.HTTP_HEADER_NAME]: { strict: /^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$/, loose: looseHeader },
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the rule
  [KnownRegex.HTTP_HEADER_VALUE]: { strict: /^[^\u0000-\u0008\u000A-\u001F\u007F]*$/, loose: looseHeader },
};

export function checkString(value: string, rules: StringRules): Broken {
  if (given(rules, 'ignoreEmpty') && value === '') return undefined;
  const length = [...value].length;
  const bytes = Buffer.byteLength(value);
  const is = given(rules, 'const');
  if (is !== undefined && value !== is) return `must be "${is}"`;
  const at = (key: 'len' | 'minLen' | 'maxLen' | 'lenBytes' | 'minBytes' | 'maxBytes') => given(rules, key);
  if (at('len') !== undefined && BigInt(length) !== at('len')) return `must have ${at('len')} characters`;
  if (at('lenBytes') !== undefined && BigInt(bytes) !== at('lenBytes')) return `must have ${at('lenBytes')} bytes`;
  if (length < (at('minLen') ?? 0n) || bytes < (at('minBytes') ?? 0n))
    return length === 0 ? 'must not be empty' : `must have at least ${at('minLen') ?? at('minBytes')} characters`;
  if (length > (at('maxLen') ?? length) || bytes > (at('maxBytes') ?? bytes))
    return `must have at most ${at('maxLen') ?? at('maxBytes')} characters`;
  const pattern = given(rules, 'pattern');
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(value)) return `must match ${pattern}`;
  const [prefix, suffix, contains, without] = (['prefix', 'suffix', 'contains', 'notContains'] as const).map((k) =>
    given(rules, k),
  );
  if (prefix !== undefined && !value.startsWith(prefix)) return `must begin with "${prefix}"`;
  if (suffix !== undefined && !value.endsWith(suffix)) return `must end with "${suffix}"`;
  if (contains !== undefined && !value.includes(contains)) return `must contain "${contains}"`;
  if (without !== undefined && value.includes(without)) return `must not contain "${without}"`;
  if (rules.in.length > 0 && !rules.in.includes(value)) return `must be one of ${rules.in.join(', ')}`;
  if (rules.notIn.includes(value)) return `must not be "${value}"`;
  return checkWellKnown(value, rules);
}

function checkWellKnown(value: string, rules: StringRules): Broken {
  switch (rules.wellKnown.case) {
    case 'wellKnownRegex': {
      const patterns = headerPatterns[rules.wellKnown.value];
      const pattern = given(rules, 'strict') === false ? patterns?.loose : patterns?.strict;
      if (!pattern || pattern.test(value)) return undefined;
      const what = rules.wellKnown.value === KnownRegex.HTTP_HEADER_NAME ? 'name' : 'value';
      return `must be the ${what} of an HTTP header`;
    }
    case 'uri':
      return URL.canParse(value) ? undefined : 'must be an absolute URI';
    case 'uriRef':
      return URL.canParse(value, 'http://x/') ? undefined : 'must be a URI reference';
    default:
      return undefined;
  }
}

export function checkBytes(value: Uint8Array, rules: BytesRules): Broken {
  if (given(rules, 'ignoreEmpty') && value.length === 0) return undefined;
  const length = BigInt(value.length);
  if (length < (given(rules, 'minLen') ?? 0n)) return `must have at least ${rules.minLen} bytes`;
  if (length > (given(rules, 'maxLen') ?? length)) return `must have at most ${rules.maxLen} bytes`;
  if (given(rules, 'len') !== undefined && length !== rules.len) return `must have ${rules.len} bytes`;
  return undefined;
}

export function checkEnum(value: number, rules: EnumRules, desc: DescEnum): Broken {
  const name = (n: number) => desc.value[n]?.name ?? String(n);
  const is = given(rules, 'const');
  if (is !== undefined && value !== is) return `must be ${name(is)}`;
  if (rules.definedOnly && !desc.value[value]) return 'must be a defined value';
  if (rules.in.length > 0 && !rules.in.includes(value)) return `must be one of ${rules.in.map(name).join(', ')}`;
  if (rules.notIn.includes(value)) return `must not be ${name(value)}`;
  return undefined;
}

interface DurationValue {
  readonly seconds: bigint;
  readonly nanos: number;
}
const nanos = (d: DurationValue): bigint => d.seconds * 1_000_000_000n + BigInt(d.nanos);
const inSeconds = (d: DurationValue): string => `${Number(nanos(d)) / 1e9} s`;

/** Envoy counts any duration in 63 bits of nanoseconds. */
const MOST_SECONDS = (2n ** 63n - 1_000_000_000n) / 1_000_000_000n;

/** @param value undefined = not set */
export function checkDuration(value: DurationValue | undefined, rules?: DurationRules): Broken {
  if (value === undefined) return rules && given(rules, 'required') ? 'is required' : undefined;
  if (value.seconds < 0n || value.nanos < 0) return 'must not be negative';
  if (value.nanos > 999_999_999) return 'must have nanos below a whole second';
  if (value.seconds > MOST_SECONDS) return `must be at most ${MOST_SECONDS} s`;
  if (!rules) return undefined;
  const v = nanos(value);
  const bound = (key: 'const' | 'lt' | 'lte' | 'gt' | 'gte') => given(rules, key) as DurationValue | undefined;
  const [is, lt, lte, gt, gte] = [bound('const'), bound('lt'), bound('lte'), bound('gt'), bound('gte')];
  if (is && v !== nanos(is)) return `must be ${inSeconds(is)}`;
  if (lt && v >= nanos(lt)) return `must be less than ${inSeconds(lt)}`;
  if (lte && v > nanos(lte)) return `must be at most ${inSeconds(lte)}`;
  if (gt && v <= nanos(gt)) return `must be greater than ${inSeconds(gt)}`;
  if (gte && v < nanos(gte)) return `must be at least ${inSeconds(gte)}`;
  return undefined;
}
