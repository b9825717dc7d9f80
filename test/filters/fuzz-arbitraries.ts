/** What the filters may meet: headers, bodies, configurations and what a stream may go through, in any order. */
import fc from 'fast-check';
import type { ChaosConfig, MirrorConfig, MirrorRoute, Mutate } from '../../filters/config.ts';
import { mutationKinds, mutationParts } from '../../filters/config.ts';
import type { Headers } from './harness.ts';

const byteString = (maxLength: number) =>
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)), maxLength });

const names = fc.constantFrom(
  'content-type',
  'content-length',
  'content-encoding',
  'cookie',
  'authorization',
  'referer',
  'connection',
  'upgrade',
  'expect',
  'x-umbra-shadow',
  'x-umbra-caller',
  'x-a',
  'x-session',
  'location',
  'set-cookie',
  'te',
  'x-envoy-upstream-service-time',
  'x',
);
const values = fc.oneof(
  fc.constantFrom(
    '',
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain',
    'application/grpc',
    'application/problem+json',
    'gzip',
    'Bearer eyJhbGciOi.eyJzdWI.c2ln',
    'Basic YTpi',
    'sid=abc; theme=dark',
    'sid=',
    ';;=;a',
    '99999999999999999999',
    '-1',
    '12',
    'close, x-a',
    '4111 1111 1111 1111',
    'a@b.c',
    '/orders/17?x=1#f',
    'sid=prod-1234567890abcdef; Path=/',
  ),
  byteString(60),
);
const paths = fc.oneof(
  fc.constantFrom(
    '/',
    '',
    '/a?token=x&b=%',
    '/%41%4/%zz?%=%&&=&a',
    '/4111111111111111',
    '/u/a%40b.c?q=+',
    '?',
    '//',
    '/a/../b',
  ),
  byteString(80).map((s) => `/${s}`),
);

export const requestHeaders: fc.Arbitrary<Headers> = fc
  .tuple(
    paths,
    fc.constantFrom('GET', 'POST', 'CONNECT', 'HEAD', ''),
    fc.array(fc.tuple(names, values), { maxLength: 8 }),
  )
  .map(([path, method, more]) => [[':authority', 'a'], [':path', path], [':method', method], ...more]);

export const responseHeaders: fc.Arbitrary<Headers> = fc
  .tuple(
    fc.constantFrom('200', '500', '302', '', '99999999999', 'x'),
    fc.array(fc.tuple(names, values), { maxLength: 8 }),
  )
  .map(([status, more]) => [[':status', status], ...more]);

export const trailers: fc.Arbitrary<Headers> = fc.array(fc.tuple(names, values), { maxLength: 4 });

/** JSON as people write it, and then broken somewhere. */
const json = fc
  .oneof(
    fc.json({ maxDepth: 5 }),
    fc
      .record({
        id: fc.oneof(fc.constantFrom(17, -0, 1e308, 5e-324, 2 ** 53 + 2), fc.string()),
        password: fc.jsonValue({ maxDepth: 2 }),
        'access\u0000token': fc.string(),
        card: fc.constantFrom('4111 1111 1111 1111', 4111111111111111, '4111\u001111111111111'),
        lines: fc.array(fc.record({ id: fc.string() }), { maxLength: 5 }),
      })
      .map((v) => JSON.stringify(v)),
    fc.constantFrom(
      '-',
      '1.',
      '1e',
      '1e+',
      '"\\u12"',
      '"\\',
      '{"a"',
      '{"a":',
      '{"a":1,',
      '[1,]',
      '{,}',
      'tru',
      '\u0000',
      '1e99999',
      '-1e-99999',
      '0'.repeat(5000),
      '9'.repeat(5000),
    ),
    fc
      .integer({ min: 1, max: 10_000 })
      .chain((n) =>
        fc.constantFrom(
          '['.repeat(n),
          `${'['.repeat(n)}${']'.repeat(n)}`,
          '{"a":'.repeat(n),
          `${'{"a":'.repeat(n)}1${'}'.repeat(n)}`,
        ),
      ),
  )
  .map((text) => Buffer.from(text).toString('latin1'));
const broken = fc.tuple(json, fc.nat(), byteString(3)).map(([text, at, with_]) => {
  const i = text.length === 0 ? 0 : at % text.length;
  return text.slice(0, i) + with_ + text.slice(i + 1);
});
export const body: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: json },
  { weight: 2, arbitrary: broken },
  { weight: 2, arbitrary: byteString(300) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'a=1&b=%20&password=x',
      '&&=&',
      '=',
      'a@b.c,4111111111111111',
      '4'.repeat(3000),
      '1 '.repeat(2000),
      'eyJ'.repeat(1000),
      `${'a'.repeat(70)}@b.c`,
      'bearer '.repeat(200),
    ),
  },
);

const mirrorRoute: fc.Arbitrary<MirrorRoute> = fc.record(
  {
    name: fc.constantFrom('a', 'b'),
    pathPrefix: fc.constantFrom('/', '/a', '/orders'),
    methods: fc.constantFrom([], ['GET', 'POST']),
    header: fc.constantFrom({ name: 'x-a' }, { name: ':method', value: 'POST' }),
    percent: fc.constantFrom(100, 50, 0),
    opaque: fc.boolean(),
    twice: fc.boolean(),
  },
  { requiredKeys: [] },
);
export const mirrorConfig: fc.Arbitrary<MirrorConfig> = fc.record(
  {
    generation: fc.nat(),
    cluster: fc.constant('shadow'),
    percent: fc.constantFrom(100, 100, 50, 0),
    pseudonymKey: fc.constantFrom('00112233445566778899aabbccddeeff', 'ffffffffffffffffffffffffffffffff'),
    session: fc.oneof(fc.constant({ cookie: 'sid' }), fc.constant({ header: 'x-session' })),
    maxBodyBytes: fc.constantFrom(0, 10, 4096, 100_000),
    maxInFlight: fc.constantFrom(1, 3, 100),
    maxBytesHeld: fc.constantFrom(0, 1000, 1_000_000),
    redact: fc.record(
      {
        headers: fc.constant(['x-a']),
        query: fc.constant(['b']),
        jsonFields: fc.constant(['name']),
        jsonPaths: fc.constant(['$.a', '$[*].b', '$.lines[*]']),
        emails: fc.boolean(),
        cards: fc.boolean(),
        bearer: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    learn: fc.record(
      {
        jsonPaths: fc.constant(['$.id', '$.lines[*].id', '$[*]', '$.a.a.a']),
        location: fc.boolean(),
        setCookie: fc.constant(['sid']),
      },
      { requiredKeys: [] },
    ),
    compare: fc.record({ body: fc.boolean() }),
    routes: fc.array(mirrorRoute, { maxLength: 3 }),
    twicePercent: fc.constantFrom(0, 100),
  },
  { requiredKeys: ['generation', 'cluster', 'percent', 'pseudonymKey'] },
);

const delay = fc.oneof(
  fc.constantFrom(
    { kind: 'fixed', ms: 5 } as const,
    { kind: 'fixed', ms: 0 } as const,
    { kind: 'table', table: [0, 1, 60_000] } as const,
  ),
  fc.record({
    kind: fc.constantFrom('uniform', 'normal'),
    ms: fc.double({ min: 0, max: 60_000, noNaN: true }),
    spread: fc.double({ min: 0, max: 60_000, noNaN: true }),
  }),
  fc.record({
    kind: fc.constant('pareto' as const),
    ms: fc.double({ min: 0, max: 60_000, noNaN: true }),
    spread: fc.double({ min: 0.1, max: 100, noNaN: true }),
  }),
);
const fault = (now: number) =>
  fc
    .record(
      {
        id: fc.constantFrom('a', 'b.c:d-e_f'),
        expiresAtMs: fc.constantFrom(now - 1, now + 20, now + 1_000_000, now + 1_000_000_000),
        maxDurationMs: fc.constantFrom(1, 10_000, 86_400_000),
        share: fc.constantFrom(0, 0.5, 1, 1),
        seed: fc.nat(),
        match: fc.record(
          {
            method: fc.constant('POST'),
            pathPrefix: fc.constant('/a'),
            path: fc.constantFrom('/**', '/*', '/a/**/*.b*', '/**%**?'),
            authority: fc.constantFrom('a', 'b'),
            caller: fc.constant('cart'),
            header: fc.constant({ name: 'x-a' }),
          },
          { requiredKeys: [] },
        ),
        maxActive: fc.constantFrom(1, 5),
        delay,
        end: fc.constantFrom(
          { abort: { http: 503 } },
          { abort: { grpc: 14 } },
          { reset: true },
          { exception: { template: 'spring', status: 500 } },
          { exception: { template: 'grpc', status: 2 } },
        ),
        mutate: fc.record(
          {
            on: fc.constantFrom('request', 'response'),
            ops: fc.integer({ min: 1, max: 64 }),
            kinds: fc.subarray([...mutationKinds]),
            raw: fc.boolean(),
            parts: fc.subarray([...mutationParts], { minLength: 1 }),
            headers: fc.constantFrom<string[]>([], ['x-a'], ['content-type', 'set-cookie', 'x-a']),
          },
          { requiredKeys: ['on', 'ops'] },
        ),
        stall: fc.constantFrom('request', 'response'),
        truncate: fc.record({
          on: fc.constantFrom('request', 'response'),
          bytes: fc.constantFrom(0, 1, 100, 2 ** 31 - 1),
        }),
      },
      { requiredKeys: ['id', 'expiresAtMs'] },
    )
    .map(({ end, mutate, ...f }) => ({ ...f, ...end, ...(mutate ? { mutate: sensible(mutate) } : {}) }));

/** Without what the module refuses: an answer has no query, and names of headers need headers among the parts. */
function sensible({ parts, headers, ...m }: Partial<Mutate>): Partial<Mutate> {
  const left = parts?.filter((p) => p !== 'query' || m.on === 'request');
  const some = left?.length === 0 ? undefined : left;
  return {
    ...m,
    ...(some ? { parts: some } : {}),
    ...(headers && some?.includes('headers') ? { headers } : {}),
  };
}

export const chaosConfig = (now: number): fc.Arbitrary<ChaosConfig> =>
  fc.record(
    {
      generation: fc.nat(),
      faults: fc.array(fault(now), { maxLength: 6 }),
      maxBodyBytes: fc.constantFrom(0, 100, 100_000),
    },
    { requiredKeys: ['generation', 'faults'] },
  ) as fc.Arbitrary<ChaosConfig>;

/** One step of a run; numbers choose among what there is at the time. */
export type Step =
  | { do: 'open'; headers: Headers; end: boolean }
  | { do: 'request'; which: number; chunk: string; end: boolean }
  | { do: 'request-trailers'; which: number; trailers: Headers }
  | { do: 'answer'; which: number; headers: Headers; end: boolean }
  | { do: 'response'; which: number; chunk: string; end: boolean }
  | { do: 'response-trailers'; which: number; trailers: Headers }
  | { do: 'end'; which: number }
  | { do: 'shadow'; which: number; headers: Headers; body: string }
  | { do: 'time'; ms: number; wallJump: number }
  | { do: 'configure'; which: number }
  | {
      do: 'whole';
      request: Headers;
      chunks: string[];
      answer: Headers;
      answerChunks: string[];
      shadow: Headers;
      shadowBody: string;
    };

const which = fc.nat({ max: 1000 });
const end = fc.boolean();

/** An exchange as most are: well-formed types, bodies in chunks, a shadow that answers. */
const types = fc.constantFrom(
  'application/json',
  'application/json',
  'application/x-www-form-urlencoded',
  'text/plain',
);
const typed = (headers: Headers) => types.map((t): Headers => [...headers, ['content-type', t]]);
const chunks = fc.array(body, { minLength: 1, maxLength: 3 });
const whole = fc.record({
  do: fc.constant('whole' as const),
  request: fc
    .tuple(
      paths,
      fc.constantFrom('GET', 'POST'),
      fc.constantFrom<Headers>([], [['cookie', 'sid=prod-1234567890abcdef']], [['authorization', 'Bearer 17']]),
    )
    .chain(([path, method, more]) => typed([[':authority', 'a'], [':path', path], [':method', method], ...more])),
  chunks: fc.oneof(fc.constant<string[]>([]), chunks),
  answer: fc
    .constantFrom<Headers>(
      [[':status', '200']],
      [
        [':status', '200'],
        ['set-cookie', 'sid=prod-1234567890abcdef'],
      ],
    )
    .chain(typed),
  answerChunks: chunks,
  shadow: fc
    .constantFrom<Headers>(
      [[':status', '200']],
      [
        [':status', '500'],
        ['set-cookie', 'sid=shadow'],
      ],
    )
    .chain(typed),
  shadowBody: body,
});
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: whole },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('open' as const), headers: requestHeaders, end }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('request' as const), which, chunk: body, end }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('request-trailers' as const), which, trailers }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('answer' as const), which, headers: responseHeaders, end }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('response' as const), which, chunk: body, end }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('response-trailers' as const), which, trailers }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), which }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('shadow' as const),
        which,
        headers: fc.oneof(responseHeaders, fc.constant<Headers>([])),
        body,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('time' as const),
        ms: fc.constantFrom(0, 1, 7, 100, 70_000),
        wallJump: fc.constantFrom(0, 0, 0, -3_600_000, 3_600_000),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('configure' as const), which }) },
  ),
  { minLength: 1, maxLength: 60, size: 'max' },
);
