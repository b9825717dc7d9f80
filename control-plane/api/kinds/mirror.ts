import Type, { type Static } from 'typebox';
import { bytes, FieldName, HeaderName, Percent, Size } from './scalars.ts';

const JsonField = () =>
  Type.String({
    pattern: '^([^$]|\\$(\\.[^.[]+|\\[\\*\\])+$)',
    minLength: 1,
    description: 'A name, meant at any depth, or a place: $.order.id, $.items[*].id.',
  });

const Route = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_-]{1,50}$',
        description:
          'Its fidelity is shown under it; that of its writes (any method but GET, HEAD, OPTIONS) under NAME-writes, if it has reads as well. Several routes may have one name. Default: `other`, as for what is of no route.',
      }),
    ),
    methods: Type.Optional(Type.Array(Type.String({ pattern: '^[A-Z_-]{1,32}$' }), { maxItems: 16 })),
    pathPrefix: Type.Optional(
      Type.String({
        pattern: '^/[!-~]{0,1023}$',
        description: 'Of gRPC: /package.Service/ or /package.Service/Method.',
      }),
    ),
    header: Type.Optional(
      Type.Object(
        { name: HeaderName(), value: Type.Optional(Type.String({ pattern: '^[ -~]{0,1024}$' })) },
        { additionalProperties: false, description: 'Present, and equal if a value is given.' },
      ),
    ),
    percent: Type.Optional(Percent({ description: 'Its own share; 0 = never copied. Default: that of mirror.' })),
    twice: Type.Optional(
      Type.Boolean({
        description:
          'Its GET, HEAD and OPTIONS may be sent to the shadow twice, see twicePercent. Default true; false where one has an effect.',
      }),
    ),
    opaque: Type.Optional(
      Type.Union([Type.Literal('skip'), Type.Literal('copy')], {
        description:
          'Bodies that cannot be read and so not redacted (protobuf, multipart, compressed): skip (default), or copy them as they are. gRPC needs copy.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** The filter takes 64: two for a route with reads and writes, two for everything else. */
const MOST_ROUTES = 31;

/** What production's entry copies to the shadow. */
export const Mirror = Type.Object(
  {
    percent: Type.Optional(
      Percent({ description: 'Share of requests, or of sessions where entry.session says what one is. Default 100.' }),
    ),
    routes: Type.Optional(
      Type.Array(Route, {
        maxItems: MOST_ROUTES,
        description:
          'A request is of the first route of which all that is given fits; one after a wider one is refused. Default: the protected prefixes of the entry.',
      }),
    ),
    twicePercent: Type.Optional(
      Percent({
        description:
          'Share of copied GET, HEAD and OPTIONS that are sent to the shadow twice: how its own answers differ is the noise floor of fidelity. Default 5.',
      }),
    ),
    maxBody: Type.Optional(Size({ description: 'Larger bodies are not copied. Default 1MiB, at most 8MiB.' })),
    maxInFlight: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 4096, description: 'Copies at a time. Default 64.' }),
    ),
    redact: Type.Optional(
      Type.Object(
        {
          headers: Type.Optional(Type.Array(HeaderName(), { maxItems: 64 })),
          query: Type.Optional(Type.Array(FieldName(), { maxItems: 64, description: 'Of forms too.' })),
          jsonFields: Type.Optional(Type.Array(JsonField())),
          keep: Type.Optional(
            Type.Array(FieldName(), { maxItems: 64, description: 'Names that look like credentials and are none.' }),
          ),
          cards: Type.Optional(Type.Boolean({ description: 'Card numbers, wherever they are. Default true.' })),
          bearer: Type.Optional(Type.Boolean({ description: 'Bearer and JSON web tokens. Default true.' })),
          emails: Type.Optional(Type.Boolean({ description: 'E-mail addresses. Default false.' })),
        },
        {
          additionalProperties: false,
          description: 'Added to what is redacted by default (credentials, card numbers).',
        },
      ),
    ),
    ids: Type.Optional(
      Type.Object(
        {
          jsonFields: Type.Optional(Type.Array(JsonField())),
          location: Type.Optional(Type.Boolean()),
          setCookie: Type.Optional(Type.Boolean()),
        },
        {
          additionalProperties: false,
          description: 'Ids made by the server, learned per session and rewritten in later copies.',
        },
      ),
    ),
  },
  { additionalProperties: false },
);
export type Mirror = Static<typeof Mirror>;
export type RouteSpec = Static<typeof Route>;

const isPlace = (field: string): boolean => field.startsWith('$');

/** JSON fields by what the filter takes them for: names at any depth, and places. */
export function jsonFields(fields: readonly string[] = []): { names: string[]; places: string[] } {
  return { names: fields.filter((f) => !isPlace(f)), places: fields.filter(isPlace) };
}

/** Places of ids: a bare name is a field of the answer's outermost object. */
export const idPlaces = (fields: readonly string[] = []): string[] => fields.map((f) => (isPlace(f) ? f : `$.${f}`));

const MOST_BODY = 8 * 1024 ** 2;
const MOST_NAMES = 64;
const MOST_PLACES = 32;
const LONGEST_NAME = 128;
const LONGEST_PLACE = 255;
/** As the filter takes one. */
const place = /^\$(\.[^.[]+|\[\*\]){1,16}$/;

/** What the filter would refuse of a {@link Mirror} that its schema accepts: limits in bytes, and of kinds within a list. */
export function mirrorLimits(mirror: Mirror): [path: string[], message: string][] {
  const problems: [string[], string][] = [];
  const { maxBody, redact = {}, ids = {} } = mirror;
  if (maxBody !== undefined && bytes(maxBody) > MOST_BODY)
    problems.push([['maxBody'], `spec.mirror.maxBody ${maxBody} is above 8MiB`]);
  const texts = (at: string[], values: readonly string[] = [], most = (_: string) => LONGEST_NAME) => {
    values.forEach((value, i) => {
      if (Buffer.byteLength(value) > most(value))
        problems.push([[...at, String(i)], `spec.mirror.${at.join('.')}.${i} is longer than ${most(value)} bytes`]);
    });
  };
  const mostOfField = (field: string) => (isPlace(field) ? LONGEST_PLACE : LONGEST_NAME);
  texts(['redact', 'query'], redact.query);
  texts(['redact', 'keep'], redact.keep);
  texts(['redact', 'jsonFields'], redact.jsonFields, mostOfField);
  texts(['ids', 'jsonFields'], ids.jsonFields, mostOfField);
  const shapes = (at: string[], fields: readonly string[] = [], placesOf = idPlaces) => {
    fields.forEach((field, i) => {
      if (placesOf([field]).every((p) => place.test(p))) return;
      const where = `spec.mirror.${at.join('.')}.${i}`;
      problems.push([[...at, String(i)], `${where} must be like $.order.id or $.items[*].id, 16 deep at most`]);
    });
  };
  shapes(['redact', 'jsonFields'], redact.jsonFields, (fields) => jsonFields(fields).places);
  shapes(['ids', 'jsonFields'], ids.jsonFields);
  const count = (at: string[], what: string, n: number, most: number) => {
    if (n > most) problems.push([at, `spec.mirror.${at.join('.')} has ${n} ${what}; ${most} are the most`]);
  };
  const { names, places } = jsonFields(redact.jsonFields);
  count(['redact', 'jsonFields'], 'names', names.length, MOST_NAMES);
  count(['redact', 'jsonFields'], 'places', places.length, MOST_PLACES);
  count(['ids', 'jsonFields'], 'fields', ids.jsonFields?.length ?? 0, MOST_PLACES);
  return problems;
}

const LONGEST_PREFIX = 1024;

/** What the filter would refuse of the entry's protected prefixes, which are its routes where a {@link Mirror} names none. */
export function prefixLimits(prefixes: readonly string[]): string[] {
  const instead = 'give spec.mirror.routes';
  const problems = prefixes
    .filter((prefix) => Buffer.byteLength(prefix) > LONGEST_PREFIX)
    .map((p) => `the protected prefix ${p.slice(0, 20)}… is too long for a route of the mirror: ${instead}`);
  return prefixes.length > MOST_ROUTES
    ? [...problems, `${prefixes.length} protected prefixes are too many routes for the mirror: ${instead}`]
    : problems;
}
