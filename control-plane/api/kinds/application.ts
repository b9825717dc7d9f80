import Type, { type Static } from 'typebox';
import { type FaultKind, faultKinds } from '../../mesh/fault.ts';
import { Mirror } from './mirror.ts';
import { Bound, CookieName, Duration, HeaderName, Metadata, Name, Percent, Url } from './scalars.ts';

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

const Health = Type.Object(
  {
    path: Type.Optional(Type.String({ pattern: '^/', description: 'GET is answered below 400.' })),
    grpc: Type.Optional(
      Type.String({ description: "The service that gRPC's health protocol is asked for; '' = the server as a whole." }),
    ),
  },
  { additionalProperties: false, description: 'Either of the two. Default: it takes a connection.' },
);
export type Health = Static<typeof Health>;

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
    protocol: Type.Optional(
      Type.Union([Type.Literal('http'), Type.Literal('http2'), Type.Literal('grpc')], {
        description:
          'What it is spoken to, whatever its caller speaks: HTTP/1.1, HTTP/2 without TLS (h2c), or gRPC over it. Default: what the caller speaks; copies of requests are HTTP/1.1 then.',
      }),
    ),
    version: Type.Optional(Type.String()),
    replicas: Type.Optional(Type.Integer({ minimum: 1, maximum: 20, description: 'Default 1.' })),
    scale: Type.Optional(
      Type.Object(
        { min: Type.Optional(Type.Integer({ minimum: 1 })), max: Type.Integer({ minimum: 1, maximum: 20 }) },
        {
          additionalProperties: false,
          description: 'Bounds scaling may move between, replicas among them. Default: no scaling.',
        },
      ),
    ),
    calls: Type.Optional(Type.Record(Name(), Calls, { description: 'Services and externals this one calls.' })),
    failover: Type.Optional(Name({ description: 'A redundant service that answers the same calls.' })),
    failoverWrites: Type.Optional(Type.Boolean({ description: 'Writes may fail over as well. Default false.' })),
    health: Type.Optional(Health),
    data: Type.Optional(Type.Boolean({ description: 'The service keeps state in {{data}}. Default false.' })),
    resources: Type.Optional(
      Type.Object(
        { cpu: Type.Optional(Type.Number({ exclusiveMinimum: 0 })), memory: Type.Optional(Bound()) },
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
                { cookie: Type.Optional(CookieName()), header: Type.Optional(HeaderName()) },
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
            health: Type.Optional(Health),
          },
          { additionalProperties: false },
        ),
        services: Type.Record(Name(), ServiceSpec, { minProperties: 1 }),
        externals: Type.Optional(
          Type.Record(
            Name(),
            Type.Object(
              { url: Url({ description: 'http://host:port outside the application.' }) },
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
    url: Type.Optional(
      Url({
        description:
          "The sandbox (mode sandbox, which needs it), or the real one (mode read-only; default: the Application's url).",
      }),
    ),
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
        mirror: Type.Optional(Mirror),
        identity: Type.Optional(
          Type.Object(
            { header: Type.Optional(HeaderName()) },
            {
              additionalProperties: false,
              description:
                'Where a pseudonym replaces the credential, and the shadow accepts it: one more header than `authorization` and the like. In cookies it always does.',
            },
          ),
        ),
        externals: Type.Optional(Type.Record(Name(), ExternalInShadow)),
        secrets: Type.Optional(
          Type.Array(Type.String(), { description: 'Secret environment names that are copied after all.' }),
        ),
        resources: Type.Optional(
          Type.Object(
            { cpu: Type.Optional(Type.Number({ exclusiveMinimum: 0 })), memory: Type.Optional(Bound()) },
            { additionalProperties: false },
          ),
        ),
        chaos: Type.Optional(
          Type.Object(
            {
              enabled: Type.Optional(Type.Boolean()),
              faults: Type.Optional(Type.Array(FaultKinds, { description: 'Kinds of fault; default all.' })),
              exclude: Type.Optional(Type.Array(Name(), { description: 'Services and externals never broken.' })),
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
