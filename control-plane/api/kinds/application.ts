import Type, { type Static } from 'typebox';
import { type FaultKind, faultKinds } from '../../mesh/fault.ts';
import { Duration, Metadata, Name, Percent, Size } from './scalars.ts';

const Calls = Type.Object(
  {
    timeout: Type.Optional(Duration({ description: 'Per-try time-out. Default 2s.' })),
    retries: Type.Optional(Type.Integer({ minimum: 0, maximum: 5, description: 'Retries at rest. Default 0.' })),
    slo: Type.Optional(Duration({ description: 'An answer later than this is not good. Default 500ms.' })),
    idempotent: Type.Optional(
      Type.Union([Type.Literal('safe'), Type.Literal('all'), Type.Literal('none')], {
        description:
          'Which requests may be sent twice. safe (default): GET, HEAD, OPTIONS or with an idempotency-key header.',
      }),
    ),
    optional: Type.Optional(Type.Boolean({ description: 'The caller answers without it. Default false.' })),
  },
  { additionalProperties: false },
);

const ServiceSpec = Type.Object(
  {
    command: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: 'Program and arguments. Templates: {{port}}, {{replica}}, {{data}}, {{url.NAME}}.',
    }),
    cwd: Type.Optional(Type.String({ description: "Relative to the document. Default: the document's folder." })),
    env: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: 'Values may use the same templates.' }),
    ),
    secrets: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Environment names not copied to the shadow unless its Shadow names them.',
      }),
    ),
    version: Type.Optional(Type.String()),
    replicas: Type.Optional(Type.Integer({ minimum: 1, maximum: 20, description: 'Default 1.' })),
    scale: Type.Optional(
      Type.Object(
        { min: Type.Optional(Type.Integer({ minimum: 1 })), max: Type.Integer({ minimum: 1, maximum: 20 }) },
        { additionalProperties: false, description: 'Bounds scaling may move between. Default: no scaling.' },
      ),
    ),
    calls: Type.Optional(Type.Record(Name(), Calls, { description: 'Services and externals this one calls.' })),
    failover: Type.Optional(Name({ description: 'A redundant service that answers the same calls.' })),
    failoverWrites: Type.Optional(Type.Boolean({ description: 'Writes may fail over as well. Default false.' })),
    health: Type.Optional(Type.Object({ path: Type.String({ pattern: '^/' }) }, { additionalProperties: false })),
    data: Type.Optional(Type.Boolean({ description: 'The service keeps state in {{data}}. Default false.' })),
    resources: Type.Optional(
      Type.Object(
        { cpu: Type.Optional(Type.Number({ exclusiveMinimum: 0 })), memory: Type.Optional(Size()) },
        { additionalProperties: false, description: 'Limits of a replica: cores, bytes.' },
      ),
    ),
    mode: Type.Optional(
      Type.Union([Type.Literal('off'), Type.Literal('observe'), Type.Literal('approve'), Type.Literal('auto')], {
        description: 'What Umbra may do to this service in production. Default observe.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** An application: its processes, who calls whom, and what its users expect. */
export const Application = Type.Object(
  {
    apiVersion: Type.Literal('umbra.dev/v1alpha1'),
    kind: Type.Literal('Application'),
    metadata: Metadata,
    spec: Type.Object(
      {
        entry: Type.Object(
          {
            service: Name(),
            port: Type.Optional(
              Type.Integer({
                minimum: 0,
                maximum: 65535,
                description: 'Where users enter; 0 or absent = a free port.',
              }),
            ),
            slo: Type.Optional(Duration({ description: 'Default 500ms.' })),
            timeout: Type.Optional(Duration({ description: 'Default 5s.' })),
            session: Type.Optional(
              Type.Object(
                { cookie: Type.Optional(Type.String()), header: Type.Optional(Type.String()) },
                {
                  additionalProperties: false,
                  description: 'What makes two requests of one session; sampling keeps sessions whole.',
                },
              ),
            ),
            protected: Type.Optional(
              Type.Array(Type.Object({ pathPrefix: Type.String({ pattern: '^/' }) }, { additionalProperties: false }), {
                description: 'Requests that load shedding at the entry lets pass first.',
              }),
            ),
            health: Type.Optional(
              Type.Object({ path: Type.String({ pattern: '^/' }) }, { additionalProperties: false }),
            ),
          },
          { additionalProperties: false },
        ),
        services: Type.Record(Name(), ServiceSpec, { minProperties: 1 }),
        externals: Type.Optional(
          Type.Record(
            Name(),
            Type.Object(
              {
                url: Type.String({
                  pattern: '^http://[^/]+$',
                  description: 'http://host:port outside the application.',
                }),
              },
              { additionalProperties: false },
            ),
          ),
        ),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type Application = Static<typeof Application>;
export type ServiceSpec = Static<typeof ServiceSpec>;

/** What a shadow stands for outside itself, per external. */
const ExternalInShadow = Type.Object(
  {
    mode: Type.Union([Type.Literal('mock'), Type.Literal('sandbox'), Type.Literal('read-only'), Type.Literal('deny')]),
    url: Type.Optional(Type.String({ description: 'The sandbox (mode sandbox) or the real one (mode read-only).' })),
  },
  { additionalProperties: false },
);

/** A fault by its kind. */
const FaultKinds = Type.Union((Object.keys(faultKinds) as FaultKind[]).map((kind) => Type.Literal(kind)));

/** How the shadow of an application is kept, fed, broken and walled in. */
export const Shadow = Type.Object(
  {
    apiVersion: Type.Literal('umbra.dev/v1alpha1'),
    kind: Type.Literal('Shadow'),
    metadata: Metadata,
    spec: Type.Object(
      {
        application: Name(),
        isolation: Type.Optional(
          Type.Union([Type.Literal('namespaces'), Type.Literal('declared')], {
            description:
              'namespaces (default): own network, mount, PID and control group. declared: accepts plain processes where the kernel refuses; shown red.',
          }),
        ),
        scale: Type.Optional(
          Type.Number({
            exclusiveMinimum: 0,
            maximum: 1,
            description: "Replicas as a share of production's. Default 1.",
          }),
        ),
        mirror: Type.Optional(
          Type.Object(
            {
              percent: Type.Optional(Percent()),
              maxBody: Type.Optional(Size()),
              maxInFlight: Type.Optional(Type.Integer({ minimum: 1 })),
              redact: Type.Optional(
                Type.Object(
                  {
                    headers: Type.Optional(Type.Array(Type.String())),
                    query: Type.Optional(Type.Array(Type.String())),
                    jsonFields: Type.Optional(Type.Array(Type.String())),
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
                    jsonFields: Type.Optional(Type.Array(Type.String())),
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
          ),
        ),
        identity: Type.Optional(
          Type.Object(
            { header: Type.Optional(Type.String()), cookie: Type.Optional(Type.String()) },
            {
              additionalProperties: false,
              description: 'Where a pseudonym replaces the credential, and the shadow accepts it.',
            },
          ),
        ),
        externals: Type.Optional(Type.Record(Name(), ExternalInShadow)),
        secrets: Type.Optional(
          Type.Array(Type.String(), { description: 'Secret environment names that are copied after all.' }),
        ),
        resources: Type.Optional(
          Type.Object(
            { cpu: Type.Optional(Type.Number({ exclusiveMinimum: 0 })), memory: Type.Optional(Size()) },
            { additionalProperties: false },
          ),
        ),
        chaos: Type.Optional(
          Type.Object(
            {
              enabled: Type.Optional(Type.Boolean()),
              faults: Type.Optional(Type.Array(FaultKinds, { description: 'Kinds of fault; default all.' })),
              exclude: Type.Optional(Type.Array(Name(), { description: 'Services never broken.' })),
              load: Type.Optional(
                Type.Array(Type.String({ pattern: '^/' }), {
                  description:
                    'Paths of safe requests (GET, read-only) that a load fault sends in turn; default none, and no load fault.',
                }),
              ),
              budget: Type.Optional(
                Type.Object(
                  { perHour: Type.Number({ minimum: 0, description: 'Risk-seconds.' }) },
                  { additionalProperties: false },
                ),
              ),
              unfaultedShare: Type.Optional(Percent()),
            },
            { additionalProperties: false },
          ),
        ),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type Shadow = Static<typeof Shadow>;
